"""Projects: what is sent for what a script gives, in the order of either generation."""

from collections.abc import Callable
from typing import Any

import pytest

from bucketlink import Client
from bucketlink.client.projects.changes import _UPDATE_DATA
from bucketlink.errors import InvalidInput

from .fake_server import FakeServer, client_of, listed

INTERFACE = {"jobs": {"JOB_0": {"mlTask": "CLASSIFICATION"}}}
TEXT = '{"jobs": {"JOB_0": {"mlTask": "CLASSIFICATION"}}}'


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def client(server: FakeServer) -> Client:
    return client_of(server, Client)


MADE: list[Callable[[Any], dict[str, Any]]] = [
    lambda client: client.create_project("Bears", "few words", "IMAGE", INTERFACE),
    lambda client: client.create_project("Bears", "few words", "IMAGE", TEXT),
    lambda client: client.create_project("IMAGE", INTERFACE, "Bears", "few words"),
    lambda client: client.create_project("IMAGE", INTERFACE, "Bears", description="few words"),
    lambda client: client.create_project("IMAGE", INTERFACE, title="Bears", description="few words"),
    lambda client: client.create_project("IMAGE", json_interface=INTERFACE, title="Bears", description="few words"),
    lambda client: client.create_project("IMAGE", TEXT, title="Bears", description="few words"),
    lambda client: client.create_project(
        title="Bears", description="few words", input_type="IMAGE", json_interface=INTERFACE
    ),
    lambda client: client.create_project("Bears", "few words", "IMAGE", INTERFACE, None, [], None, None, False),
]


@pytest.mark.parametrize("make", MADE)
def test_a_project_is_made_in_either_order(
    client: Client, server: FakeServer, make: Callable[[Client], dict[str, Any]]
) -> None:
    assert make(client) == {"id": "9", "title": "Bears", "inputType": "IMAGE", "numberOfAssets": 0}
    given = {"title": "Bears", "description": "few words", "inputType": "IMAGE", "jsonInterface": TEXT}
    assert server.sent == [("createProject", {"data": given})]


def test_what_belongs_to_one_generation_alone_is_sent(client: Client, server: FakeServer) -> None:
    client.create_project("TEXT", {}, "old", "", "DEFAULT")
    client.create_project("new", input_type="TEXT", compliance_tags=("PHI",))
    assert [sent["data"] for _, sent in server.sent] == [
        {"title": "old", "description": "", "inputType": "TEXT", "jsonInterface": "{}", "projectType": "DEFAULT"},
        {"title": "new", "description": "", "inputType": "TEXT", "complianceTags": ("PHI",)},
    ]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda client: client.create_project("Bears"), "needs input_type"),
        (lambda client: client.create_project("Bears", "IMAGE"), "takes title, description, input_type"),
        (lambda client: client.create_project("IMAGE", TEXT, "Bears"), r"json_interface \(a dict\), title"),
        (lambda client: client.create_project("IMAGE", {}, "Bears", title="Bears"), "argument twice"),
        (lambda client: client.create_project("IMAGE", {}, "a", "b", None, "more"), "too many"),
        (lambda client: client.create_project("x", input_type="AUDIO"), "none of 'AUDIO'"),
        (lambda client: client.create_project("x", project_id="9"), "copies no other project: leave project_id out"),
        (lambda client: client.create_project("x", tags=["a"]), "keeps no tags: leave tags out"),
        (lambda client: client.create_project("x", from_demo_project="DEMO_NER"), "leave from_demo_project out"),
        (lambda client: client.create_project("x", pixel_labeling=True), "leave pixel_labeling out"),
        (lambda client: client.create_project("IMAGE", {"a": {1}}, "x"), "json_interface holds something"),
        (lambda client: client.projects(tags_in=["a"]), "keeps no tags"),
        (lambda client: client.count_projects(tags_in=("a",)), "keeps no tags"),
        (lambda client: client.projects(first=-1), "first must be 0 or more"),
        (lambda client: client.projects(fields=["no name"], as_generator=True), "no name of a field"),
        (lambda client: client.update_properties_in_project("9", review_coverage=101), "from 0 to 100"),
        (lambda client: client.update_properties_in_project("9", min_consensus_size=0), "from 1 to 10"),
        (lambda client: client.update_properties_in_project("9", input_type="LLM_RLHF"), "none of 'LLM_RLHF'"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_sent(
    client: Client, server: FakeServer, make: Callable[[Any], object], says: str
) -> None:
    with pytest.raises(InvalidInput, match=says) as caught:
        make(client)
    assert "\n" not in str(caught.value)
    assert server.sent == []


@pytest.mark.parametrize(
    "make",
    [
        lambda client: client.create_project("IMAGE", {}, 3),
        lambda client: client.create_project("x", input_type="SOUND"),
        lambda client: client.create_project("x", input_type="IMAGE", json_interface=["jobs"]),
        lambda client: client.create_project(),
        lambda client: client.projects(archived="yes"),
    ],
)
def test_a_wrong_type_is_a_type_error(client: Client, server: FakeServer, make: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError):
        make(client)
    assert server.sent == []


def test_projects_are_a_list_with_the_fields_that_scripts_expect(client: Client) -> None:
    [row] = client.projects()
    assert row == {
        "consensusTotCoverage": 0,
        "id": "9",
        "inputType": "IMAGE",
        "jsonInterface": {"jobs": {}},
        "minConsensusSize": 1,
        "reviewCoverage": 0,
        "roles": [{"id": "9-1", "role": "ADMIN", "user": {"email": "ana@example.com", "id": "1"}}],
        "title": "evil \x1b[2J",
    }


def test_projects_come_from_a_generator_page_by_page(client: Client, server: FakeServer) -> None:
    server.projects, server.countProjects = listed([{"id": str(n), "jsonInterface": "no JSON"} for n in range(150)])
    rows = client.projects(fields=("id", "jsonInterface"), as_generator=True)
    assert server.sent == []
    assert next(rows) == {"id": "0", "jsonInterface": {}}
    assert len(server.sent) == 1
    assert sum(1 for _ in rows) == 149


def test_every_criterion_is_sent_by_its_name_on_the_wire(client: Client, server: FakeServer) -> None:
    client.projects("9", "Bear", False, "2026-01-01", "2026-02-01", True, False, (), "org1", ("id",), False, 5, 1)
    where = {
        "id": "9",
        "searchQuery": "Bear",
        "shouldRelaunchKpiComputation": False,
        "updatedAtGte": "2026-01-01",
        "updatedAtLte": "2026-02-01",
        "archived": True,
        "starred": False,
        "organizationId": "org1",
        "deleted": False,
    }
    assert server.sent == [("projects", {"where": where, "first": 5, "skip": 1})]
    given = ("9", "Bear", False, "2026-01-01", "2026-02-01", True, False, "org1", False, None)
    assert client.count_projects(*given) == 1
    assert server.sent[1:] == [("countProjects", {"where": where})]


def test_nothing_given_filters_nothing(client: Client, server: FakeServer) -> None:
    client.count_projects()
    assert server.sent == [("countProjects", {"where": {}})]


def test_only_given_properties_are_changed_and_answered(client: Client, server: FakeServer) -> None:
    changed = client.update_properties_in_project(
        "9", False, title="Cats", json_interface=INTERFACE, use_honeypot=True, number_of_assets=3
    )
    assert server.sent == [
        (
            "updatePropertiesInProject",
            {
                "data": {
                    "canNavigateBetweenAssets": False,
                    "title": "Cats",
                    "jsonInterface": TEXT,
                    "useHoneyPot": True,
                    "numberOfAssets": 3,
                },
                "where": {"id": "9"},
            },
        )
    ]
    assert changed == {
        "id": "9",
        "canNavigateBetweenAssets": False,
        "title": "Cats",
        "jsonInterface": INTERFACE,
        "useHoneyPot": True,
        "numberOfAssets": 3,
    }


def test_seconds_before_assignment_mean_that_there_is_assignment(client: Client, server: FakeServer) -> None:
    client.update_properties_in_project("9", seconds_to_label_before_auto_assign=30)
    client.update_properties_in_project("9", seconds_to_label_before_auto_assign=30, should_auto_assign=False)
    assert [sent["data"] for _, sent in server.sent] == [{"shouldAutoAssign": True}, {"shouldAutoAssign": False}]


@pytest.mark.parametrize("name", _UPDATE_DATA)
def test_the_schema_takes_and_answers_every_property(client: Client, server: FakeServer, name: str) -> None:
    values: dict[str, Any] = {
        "compliance_tags": ["PHI"],
        "description": "x",
        "instructions": "x",
        "title": "x",
        "input_type": "IMAGE",
        "json_interface": {},
        "metadata_types": {},
        "metadata_properties": {},
    }
    number: Any = 1 if "number" in name or "coverage" in name or "size" in name else 0.5 if "mark" in name else True
    client.update_properties_in_project("9", **{name: values.get(name, number)})
    assert list(server.sent[0][1]["data"]) == [_UPDATE_DATA[name]]


def test_a_project_is_archived_taken_back_and_deleted(client: Client, server: FakeServer) -> None:
    assert client.archive_project("9") == {"id": "9"}
    assert client.unarchive_project("9") == {"id": "9"}
    assert client.delete_project("9") == "9"
    assert server.sent == [
        ("updatePropertiesInProject", {"data": {"archived": True}, "where": {"id": "9"}}),
        ("updatePropertiesInProject", {"data": {"archived": False}, "where": {"id": "9"}}),
        ("deleteProjectAsynchronously", {"where": {"id": "9"}}),
    ]

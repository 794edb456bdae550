"""Projects: what is kept of them, and what copying takes along."""

from datetime import UTC, datetime, timedelta

import pytest

from bucketlink.api.context import LONGEST_NAME
from bucketlink.model import Caller
from tests.api.conftest import Api, World
from tests.api.server import Json

CREATE = "mutation ($data: CreateProjectData!) { data: createProject(data: $data) { id complianceTags } }"
UPDATE = (
    "mutation ($id: ID!, $data: ProjectData!) { data: updatePropertiesInProject(where: {id: $id}, data: $data) { id } }"
)
COPY = "mutation ($data: CopyProjectData!) { data: copyProject(data: $data) }"
COUNT = "query ($where: ProjectWhere!) { data: countProjects(where: $where) }"
PROJECT = """
query ($where: ProjectWhere!) {
  data: projects(where: $where, first: 1, skip: 0) {
    title description inputType jsonInterface numberOfAssets complianceTags consensusMark minConsensusSize
    reviewCoverage useHoneyPot metadataProperties shouldAutoAssign instructions dataConnections { id } tags { id }
    starred deleted
  }
}
"""
KEPT = {
    "consensusMark": 0.5,
    "minConsensusSize": 3,
    "reviewCoverage": 20,
    "useHoneyPot": True,
    "metadataProperties": {"light": {"type": "string"}},
    "shouldAutoAssign": True,
    "instructions": "Draw boxes.",
}


def project(world: World, id_: str) -> Json:
    (found,) = world.api.data(world.ours.user, PROJECT, {"where": {"id": id_}})
    return found


def test_a_copy_has_the_settings_and_nothing_else(world: World) -> None:
    ours = world.ours
    data = {"title": "Streets", "description": "of Lyon", "inputType": "VIDEO", "jsonInterface": '{"jobs": {"J": {}}}'}
    made = world.api.data(ours.user, CREATE, {"data": {**data, "complianceTags": ["PII"]}})
    assert made["complianceTags"] == ["PII"]
    world.api.data(ours.user, UPDATE, {"id": made["id"], "data": KEPT})
    connection = {"projectId": made["id"], "integrationId": ours.ids["integration"]}
    add = "mutation ($data: DataConnectionInput!) { data: addDataConnection(data: $data) { id } }"
    world.api.data(ours.user, add, {"data": connection})

    copied = world.api.data(ours.user, COPY, {"data": {"projectId": made["id"], "shouldCopyAssets": False}})

    source, copy = project(world, made["id"]), project(world, copied)
    assert {**data, **KEPT, "complianceTags": ["PII"]}.items() <= source.items()
    assert len(source["dataConnections"]) == 1
    assert copy == {**source, "title": "Streets (copy)", "dataConnections": []}


def test_the_title_of_a_copy_is_no_longer_than_any(world: World) -> None:
    title = "x" * LONGEST_NAME
    made = world.api.data(world.ours.user, CREATE, {"data": {"title": title, "inputType": "TEXT"}})

    copied = world.api.data(world.ours.user, COPY, {"data": {"projectId": made["id"]}})

    assert project(world, copied)["title"] == f"{'x' * (LONGEST_NAME - 7)} (copy)"


def test_whoever_is_a_user_is_a_member_already_and_nobody_else_becomes_one(world: World) -> None:
    append = (
        "mutation ($id: ID!, $data: AppendToRolesData!) { data: appendToRoles(where: {id: $id}, data: $data) { id } }"
    )
    id_, before = world.ours.ids["project"], world.api.rows()

    mine = {"id": id_, "data": {"userEmail": world.ours.user.email, "role": "LABELER"}}
    assert world.api.data(world.ours.user, append, mine) == {"id": id_}
    for stranger in (world.theirs.user.email, "nobody@example.com"):
        response = world.api.ask(world.ours.user, append, {"id": id_, "data": {"userEmail": stranger}})
        assert response["errors"][0]["extensions"]["code"] == "NOT_FOUND"
        assert "bucketlink keys create" in response["errors"][0]["message"]

    assert world.api.rows() == before


def test_assets_are_not_copied(world: World) -> None:
    before = world.api.rows()

    response = world.api.ask(
        world.ours.user, COPY, {"data": {"projectId": world.ours.ids["project"], "shouldCopyAssets": True}}
    )

    assert "Assets are not copied" in response["errors"][0]["message"]
    assert world.api.rows() == before


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("bears", ["Bears", "Polar Bears 50%"]),
        ("in zoos", ["Polar Bears 50%"]),
        ("%bears", ["Bears"]),
        ("bears%", ["Bears"]),
        ("POLAR%", ["Polar Bears 50%"]),
        ("%b_ars%", ["Bears", "Polar Bears 50%"]),
        ("b_ars", []),
        ("%50\\%", ["Polar Bears 50%"]),
        ("%50", []),
        ("%", ["Bears", "Polar Bears 50%"]),
        ("%\\", []),
    ],
)
def test_projects_are_found_by_what_titles_and_descriptions_hold_or_match(
    api: Api, caller: Caller, search: str, found: list[str]
) -> None:
    for title, description in (("Bears", ""), ("Polar Bears 50%", "Seen in zoos")):
        api.data(caller, CREATE, {"data": {"title": title, "description": description, "inputType": "IMAGE"}})
    titles = "query ($where: ProjectWhere!) { data: projects(where: $where, first: 9, skip: 0) { title } }"

    assert [row["title"] for row in api.data(caller, titles, {"where": {"searchQuery": search}})] == found
    assert api.data(caller, COUNT, {"where": {"searchQuery": search}}) == len(found)


def test_a_day_is_within_what_ends_with_it(world: World) -> None:
    every = world.api.data(world.ours.user, COUNT, {"where": {}})
    today, yesterday = (f"{datetime.now(UTC).date() - timedelta(days=ago)}" for ago in (0, 1))
    assets = "query ($where: AssetWhere!) { data: countAssets(where: $where) }"
    mine = {"project": {"id": world.ours.ids["project"]}}

    for field in ("createdAt", "updatedAt"):
        for day, counted in ((today, every), (yesterday, 0), (f"{today}T00:00:00Z", 0)):
            assert world.api.data(world.ours.user, COUNT, {"where": {f"{field}Lte": day}}) == counted
        assert world.api.data(world.ours.user, COUNT, {"where": {f"{field}Gte": today}}) == every
        assert world.api.data(world.ours.user, assets, {"where": {**mine, f"{field}Lte": today}}) == 1
        assert world.api.data(world.ours.user, assets, {"where": {**mine, f"{field}Lte": yesterday}}) == 0


@pytest.mark.parametrize("name", ["starred", "deleted", "shouldRelaunchKpiComputation"])
def test_no_project_is_what_bucketlink_does_not_know(world: World, name: str) -> None:
    every = world.api.data(world.ours.user, COUNT, {"where": {}})

    assert every > 0
    assert world.api.data(world.ours.user, COUNT, {"where": {name: True}}) == 0
    assert world.api.data(world.ours.user, COUNT, {"where": {name: False}}) == every


def test_no_project_has_a_tag(world: World) -> None:
    assert world.api.data(world.ours.user, COUNT, {"where": {"tagIds": ["x"]}}) == 0
    assert world.api.data(world.ours.user, COUNT, {"where": {"tagIds": []}}) > 0

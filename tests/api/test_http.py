"""What goes over HTTP: keys, bodies and their bounds, errors, and the version that names the schema."""

import gzip
import json
from collections.abc import Iterator, Mapping
from importlib.resources import files

import pytest
from graphql import build_client_schema, build_schema, get_introspection_query
from starlette.testclient import TestClient

from bucketlink.api import bodies
from bucketlink.api.application import SCHEMA
from bucketlink.api.limits import LONGEST_BODY, LONGEST_LISTING
from bucketlink.api.web import PATH, VERSION, version_of, web_application
from bucketlink.store import accounts
from tests.api.conftest import Api
from tests.api.server import Json

ME = b'{"query": "{ me { id email } }"}'


@pytest.fixture
def key(api: Api) -> str:
    with api.home.database.write() as tx:
        user = accounts.ensure_user(
            tx, accounts.ensure_local_administrator(tx).organization_id, "ana@example.com", None
        )
        return accounts.add_api_key(tx, user, name="", days=1)[0]


@pytest.fixture
def http(api: Api) -> Iterator[TestClient]:
    with TestClient(web_application(api.application)) as client:
        yield client


def post(http: TestClient, key: str, body: bytes, headers: Mapping[str, str] | None = None) -> tuple[int, Json]:
    answer = http.post(
        f"{PATH}/graphql", content=body, headers={"Authorization": f"X-API-Key: {key}", **(headers or {})}
    )
    assert answer.headers["content-type"] == "application/json"
    return answer.status_code, answer.json()


def query(text: str, **variables: object) -> bytes:
    return json.dumps({"query": text, "variables": variables}).encode()


def code_of(answer: Json) -> str:
    """The code of the one error of an answer, which has the form that every client can read."""
    (error,) = answer["errors"]
    assert set(error["extensions"]) == {"code", "context"}
    assert error["extensions"]["context"] == {}
    assert isinstance(error["message"], str)
    return str(error["extensions"]["code"])


def test_a_good_key_is_answered(http: TestClient, key: str) -> None:
    assert post(http, key, ME) == (200, {"data": {"me": {"id": "usr2", "email": "ana@example.com"}}})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer x"},
        {"Authorization": "X-API-Key: bl_nobody-was-ever-given-this-one"},
        {"Authorization": "X-API-Key: "},
        {"Authorization": "X-API-Key:"},
        {"Authorization": "X-API-Key: \xe9".encode("latin-1")},
    ],
    ids=["none", "another scheme", "unknown", "empty", "no space", "not ASCII"],
)
@pytest.mark.parametrize("body", [ME, b"nonsense", query(get_introspection_query())], ids=["me", "nonsense", "schema"])
def test_a_bad_key_gets_401_and_nothing_that_looks_like_an_answer(
    http: TestClient, headers: dict[str, str], body: bytes
) -> None:
    answer = http.post(f"{PATH}/graphql", content=body, headers=headers)

    assert answer.status_code == 401
    assert code_of(answer.json()) == "UNAUTHENTICATED"
    assert "data" not in answer.json()
    assert "email" not in answer.text


def test_the_version_names_the_schema(http: TestClient) -> None:
    sentences = files("bucketlink.api").joinpath("schema.graphql").read_text("utf-8")
    changed = build_schema(sentences.replace("type Organization {", "type Organization {\n  colour: String"))

    assert http.get(f"{PATH}/version").json() == {"version": VERSION}
    assert version_of(changed) != version_of(SCHEMA) == VERSION


def test_introspection_tells_the_whole_schema_to_whoever_has_a_key(http: TestClient, key: str) -> None:
    _, answer = post(http, key, query(get_introspection_query(input_value_deprecation=True)))

    told = build_client_schema(answer["data"])
    assert set(SCHEMA.type_map) <= set(told.type_map)
    assert {"DIRECTIVE_DEFINITION"}.isdisjoint(
        place for directive in answer["data"]["__schema"]["directives"] for place in directive["locations"]
    )


def test_a_compressed_body_is_read(http: TestClient, key: str) -> None:
    assert post(http, key, gzip.compress(ME), {"Content-Encoding": "gzip"})[0] == 200


@pytest.mark.parametrize("body", [b"plain", gzip.compress(ME)[:-9], b""], ids=["plain", "cut short", "empty"])
def test_a_body_that_is_not_gzip_as_announced_is_refused(http: TestClient, key: str, body: bytes) -> None:
    status, answer = post(http, key, body, {"Content-Encoding": "gzip"})

    assert (status, code_of(answer)) == (400, "BAD_USER_INPUT")


def padded(length: int, text: str = "{ me { id } }") -> bytes:
    """A request of exactly this length."""
    head, tail = json.dumps({"query": text, "variables": {"x": "_"}}).encode().split(b"_")
    return head + b"x" * (length - len(head) - len(tail)) + tail


@pytest.mark.parametrize("compress", [False, True], ids=["plain", "gzip"])
def test_a_body_just_short_enough_is_read_and_a_longer_one_is_not(http: TestClient, key: str, compress: bool) -> None:
    def send(body: bytes) -> tuple[int, Json]:
        return post(
            http, key, gzip.compress(body) if compress else body, {"Content-Encoding": "gzip"} if compress else {}
        )

    assert send(padded(LONGEST_BODY))[0] == 200
    status, answer = send(padded(LONGEST_BODY + 1))
    assert (status, code_of(answer)) == (413, "BAD_USER_INPUT")


@pytest.mark.parametrize("longest", [LONGEST_LISTING, 2 * LONGEST_BODY])
def test_a_small_body_that_unpacks_into_a_huge_one_is_refused(
    http: TestClient, key: str, longest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "LONGEST_LISTING", longest)
    bomb = gzip.compress(json.dumps({"query": "{ me { id } }", "padding": " " * 3 * LONGEST_BODY}).encode(), 9)

    status, answer = post(http, key, bomb, {"Content-Encoding": "gzip"})

    assert len(bomb) < LONGEST_BODY
    assert (status, code_of(answer)) == (413, "BAD_USER_INPUT")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[]",
        b"null",
        b'"{ me }"',
        b"{}",
        b'{"query": 1}',
        b"\xff",
        b"[" * 100_000,
        b'{"query": "\\ud800"}',
    ],
    ids=["nothing", "no JSON", "list", "null", "text", "no query", "no text", "no UTF-8", "deep", "half a character"],
)
def test_a_body_that_is_no_request_is_refused(http: TestClient, key: str, body: bytes) -> None:
    status, answer = post(http, key, body)

    assert (status, code_of(answer)) == (400, "BAD_USER_INPUT")


PROJECTS = "query ($where: ProjectWhere!) { countProjects(where: $where) }"
INVALID = {
    "empty query": query(""),
    "syntax": query("{ me { "),
    "unknown field": query("{ nonsense }"),
    "unknown type": query("query ($x: Nonsense) { countProjects(where: {}) }"),
    "missing variable": query(PROJECTS),
    "wrong variable": query(PROJECTS, where=1),
    "unknown input field": query(PROJECTS, where={"nonsense": 1}),
    "variables of another type": b'{"query": "{ me { id } }", "variables": [1]}',
    "operation name of another type": b'{"query": "{ me { id } }", "operationName": 1}',
    "unknown operation name": b'{"query": "query A { me { id } }", "operationName": "B"}',
    "unknown subscription": query("subscription { me { id } }"),
    "subscription over HTTP": query('subscription { labelCreatedOrUpdated(projectID: "prj1") { id } }'),
    "cyclic fragment": query("{ ...a } fragment a on Query { ...a }"),
}


@pytest.mark.parametrize("body", INVALID.values(), ids=INVALID)
def test_a_request_that_is_not_valid_gets_200_and_an_error_that_clients_can_read(
    http: TestClient, key: str, body: bytes
) -> None:
    status, answer = post(http, key, body)

    assert status == 200
    assert answer["errors"]
    for error in answer["errors"]:
        assert error["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED", "context": {}}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{ dataConnection(where: {id: "con7"}) { id } }', "NOT_FOUND"),
        ("{ projects(where: {}, first: 1, skip: -1) { id } }", "BAD_USER_INPUT"),
        ('mutation { createApiKey(data: {email: "x@example.com"}) { id } }', "FORBIDDEN"),
        ('mutation { createProject(data: {title: " ", inputType: IMAGE}) { id } }', "BAD_USER_INPUT"),
    ],
    ids=["not found", "bad input", "forbidden", "blank"],
)
def test_what_the_application_refuses_gets_200_and_its_code(http: TestClient, key: str, text: str, code: str) -> None:
    status, answer = post(http, key, query(text))

    assert (status, code_of(answer)) == (200, code)


def test_only_the_two_addresses_answer(http: TestClient) -> None:
    assert http.get(f"{PATH}/graphql").status_code == 405
    assert http.get("/").status_code == 404


def test_a_client_that_goes_away_in_the_middle_is_no_failure(http: TestClient, key: str) -> None:
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": f"{PATH}/graphql",
        "query_string": b"",
        "headers": [(b"authorization", f"X-API-Key: {key}".encode())],
    }
    messages = [{"type": "http.disconnect"}, {"type": "http.request", "body": b"{", "more_body": True}]
    sent: list[Json] = []

    async def receive() -> Json:
        return messages.pop()

    async def send(message: Json) -> None:
        sent.append(message)

    assert http.portal is not None
    http.portal.call(http.app, scope, receive, send)

    assert sent[0]["status"] == 400

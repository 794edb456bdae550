"""A project that is in step with its bucket, as its administrator sees it, and what is secret in an integration."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, quote_plus, urlsplit

from bucketlink.model import Caller
from tests.api.buckets import APPLY, connect
from tests.api.conftest import COMPUTE, CREATE_INTEGRATION, Api

SECRET_FIELDS = (
    "s3AccessKey",
    "s3SecretKey",
    "s3SessionToken",
    "azureAccountKey",
    "azureClientSecret",
    "gcpServiceAccountKey",
)
"""Fields whose whole value is secret, or (a key of Google's) holds a secret."""
STATE = "id status statusReason"
UPDATE = (
    "mutation ($data: DataIntegrationData!, $where: DataIntegrationWhere!) "
    "{ data: updatePropertiesInDataIntegration(data: $data, where: $where) { %s } }"
)
CHECK = "mutation ($where: DataIntegrationWhere!) { data: checkDataIntegration(where: $where) { %s } }"
INTEGRATIONS = (
    "query ($where: DataIntegrationWhere!) { data: dataIntegrations(where: $where, first: 100, skip: 0) { %s } }"
)
DIFFERENCES = (
    "query ($id: ID!) { data: dataDifferences(where: {connectionId: $id}, first: 100) "
    "{ rows { type bucketKey dataAssetId } } }"
)
REMOVE = (
    "mutation ($id: ID!) { data: validateDataDifferences(where: {connectionId: $id, type: REMOVE}, "
    'processingParameters: "{\\"force\\": true}") { id } }'
)
CONNECTIONS = (
    "query ($id: ID!) { data: dataConnections(where: {projectId: $id}, first: 10, skip: 0) { id error isChecking } }"
)
ASSETS = "query ($id: ID!) { data: assets(where: {project: {id: $id}}, first: 100, skip: 0) { id externalId etag } }"

Status = tuple[str, str | None]
Shown = tuple[dict[str, tuple[str, str]], list[tuple[str, str, str | None]]]


def refusal(api: Api, caller: Caller, data: Mapping[str, object]) -> str:
    """The sentence by which an integration is refused, of which nothing may be kept."""
    before = api.rows()
    response = api.ask(caller, CREATE_INTEGRATION, {"data": dict(data)})
    assert api.rows() == before
    assert_silent(response, data)
    (error,) = response["errors"]
    return str(error["message"])


@dataclass(frozen=True, slots=True)
class Place:
    """A connection, its project and its integration."""

    api: Api
    caller: Caller
    integration: str
    project: str
    connection: str

    def status(self) -> Status:
        """Status and reason, as a list shows them."""
        (row,) = self.api.data(self.caller, INTEGRATIONS % STATE, {"where": {"id": self.integration}})
        return row["status"], row["statusReason"]

    def check(self) -> Status:
        """Status and reason, as a check on demand answers them."""
        row = self.api.data(self.caller, CHECK % STATE, {"where": {"id": self.integration}})
        return row["status"], row["statusReason"]

    def update(self, **fields: object) -> Status:
        """Status and reason, as a change answers them."""
        variables = {"data": fields, "where": {"id": self.integration}}
        row = self.api.data(self.caller, UPDATE % STATE, variables)
        return row["status"], row["statusReason"]

    def compute(self) -> str | None:
        """Compute the differences; the connection's error afterwards."""
        response = self.api.ask(self.caller, COMPUTE, {"id": self.connection})
        rows = self.api.data(self.caller, CONNECTIONS, {"id": self.project})
        (error,) = [row["error"] for row in rows if row["id"] == self.connection]
        assert error is not None or "errors" not in response, response
        return None if error is None else str(error)

    def apply(self) -> None:
        """Add and remove what the differences say."""
        for mutation in (APPLY, REMOVE):
            self.api.data(self.caller, mutation, {"id": self.connection})

    def shown(self) -> Shown:
        """Assets by key, and the differences that are published."""
        assets = self.api.data(self.caller, ASSETS, {"id": self.project})
        differences = self.api.data(self.caller, DIFFERENCES, {"id": self.connection})["rows"]
        found = {row["externalId"]: (row["id"], row["etag"]) for row in assets}
        assert len(found) == len(assets)
        return found, [(row["type"], row["bucketKey"], row["dataAssetId"]) for row in differences]


def in_step(api: Api, caller: Caller, data: Mapping[str, object], **selection: object) -> Place:
    """Register a bucket, select of it in a new project, and import that."""
    integration = api.data(caller, CREATE_INTEGRATION, {"data": dict(data)})["id"]
    project, connection = connect(api, caller, integration, **selection)
    api.data(caller, APPLY, {"id": connection})
    return Place(api, caller, integration, project, connection)


def secrets_of(data: Mapping[str, object]) -> Iterator[str]:
    """What is secret in the fields of an integration, without what surrounds it."""
    for name in SECRET_FIELDS:
        if value := data.get(name):
            yield from _private_key(str(value)) if name == "gcpServiceAccountKey" else [str(value)]
    for name in ("azureSASToken", "azureConnectionURL"):
        text = str(data.get(name) or "")
        yield from parse_qs(urlsplit(text).query or text).get("sig", [])
    for part in str(data.get("azureConnectionString") or "").split(";"):
        name, _, value = part.partition("=")
        if name == "AccountKey":
            yield value
        elif name == "SharedAccessSignature":
            yield from parse_qs(value).get("sig", [])


def forms_of(secret: str) -> set[bytes]:
    """How a secret can look in bytes: as it is, escaped for a URL or in JSON, in Base64 or in hexadecimal."""
    plain = secret.encode()
    texts = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}
    encoded = {base64.b64encode(plain), base64.urlsafe_b64encode(plain), plain.hex().encode()}
    return {text.encode() for text in texts} | {form.rstrip(b"=") for form in encoded}


def assert_silent(answer: object, *told: Mapping[str, object]) -> None:
    """Fail where an answer holds a secret of these integrations, in whatever form."""
    text = json.dumps(answer, ensure_ascii=False).encode()
    for data in told:
        for secret in secrets_of(data):
            assert [form for form in forms_of(secret) if form in text] == []


def _private_key(text: str) -> list[str]:
    """Lines of a private key, each of which tells a part of it."""
    return [line for line in json.loads(text)["private_key"].splitlines() if "PRIVATE KEY" not in line]

"""A server at the transport seam: the agreed schema, executed over a few dictionaries."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

from graphql import GraphQLError, GraphQLObjectType, GraphQLSchema, build_schema, graphql_sync

from bucketlink import Client

SCHEMA = files("bucketlink.api").joinpath("schema.graphql").read_text("utf-8")


BEYOND_THE_WIRE = {
    "Query": ("runs", "run", "dataDifferences", "dataDifferenceFolders", "assetColumns"),
    "DataConnection": ("project", "isComputed", "error", "warnings", "warningDetails", "createdAt", "updatedAt"),
    "DataDifferencesSummary": ("changed",),
    "DataIntegration": ("statusReason", "folderPath", "createdAt", "updatedAt", "lastChecked"),
}
"""What a server that knows only the wire of the published clients does not know."""


@cache
def schema_of(*, ours: bool) -> GraphQLSchema:
    """Build the schema; without what is ours alone, it is that of another server of this wire."""
    schema = build_schema(SCHEMA)
    for name, fields in () if ours else BEYOND_THE_WIRE.items():
        type_ = schema.type_map[name]
        assert isinstance(type_, GraphQLObjectType)
        for field in fields:
            del type_.fields[field]
        if name == "Query":
            del type_.fields["assets"].args["after"]
    return schema


USER = {"id": "1", "email": "ana@example.com", "firstname": "Ana", "lastname": None, "role": "USER"}

Page = Callable[..., list[dict[str, Any]]]
Count = Callable[..., int]


def listed(rows: list[dict[str, Any]]) -> tuple[Page, Count]:
    """The two root fields of some rows; any filter lets all of them through."""

    def page(_: object, where: dict[str, Any], first: int, skip: int) -> list[dict[str, Any]]:  # noqa: ARG001
        return rows[skip : skip + first]

    def count(_: object, where: dict[str, Any]) -> int:  # noqa: ARG001
        return len(rows)

    return page, count


class FakeServer:
    """Holds integrations and connections; a computation finds what a test put into ``found``."""

    def __init__(self, *, ours: bool = True) -> None:
        self.schema = schema_of(ours=ours)
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.call_ids: list[str] = []
        self.closed = False
        self.integrations = [_integration(number) for number in range(1, 4)]
        self.connections = {"1": _connection("1")}
        self.rows_of_differences: list[dict[str, Any]] = []
        self.rows_of_folders: list[dict[str, Any]] = []
        self.found = {"added": 0, "removed": 0, "changed": 0}
        self.listing_error: str | None = None
        self.listing_error_kind = "BUCKET_REFUSED"
        self.refusal: GraphQLError | None = None
        self.undone_by: str | None = None
        self.polls = 2
        self.settled = 0
        """Differences that somebody else settles before they are applied."""
        self.made: list[dict[str, Any]] = []
        self._busy = 0
        self.projects, self.countProjects = listed([_project()])
        self.assets, self.countAssets = listed([_asset(number) for number in range(1, 4)])
        self.users, self.countUsers = listed([USER])
        self.organizations, self.countOrganizations = listed([{"id": "org1", "name": "Ours"}])
        self.apiKeys, self.countApiKeys = listed(
            [{"id": "5", "name": "mine", "createdAt": None, "revoked": False, "user": USER}]
        )

    # The transport.

    def execute(self, query: str, variables: dict[str, object], call_id: str) -> dict[str, object]:
        match = re.search(r"\{ data: (\w+)", query)
        self.sent.append((match[1] if match else query, variables))
        self.call_ids.append(call_id)
        result = graphql_sync(self.schema, query, root_value=self, variable_values=variables)
        answer: dict[str, Any] = dict(result.formatted)
        for error in answer.get("errors", []):
            error.setdefault("extensions", {"code": "GRAPHQL_VALIDATION_FAILED", "context": {}})
        return answer

    def read_object(self, project_id: str, asset_id: str, url: str | None, most: int) -> bytes:  # noqa: ARG002
        return b"object"[:most]

    def close(self) -> None:
        self.closed = True

    def operations(self, *names: str) -> list[str]:
        """What was sent, in order; with names, only these."""
        return [name for name, _ in self.sent if not names or name in names]

    # The root fields.

    def viewer(self, _: object) -> dict[str, Any] | None:
        return USER

    def dataIntegrations(  # noqa: N802
        self, _: object, where: dict[str, Any], first: int, skip: int
    ) -> list[dict[str, Any]]:
        return [row for row in self.integrations if _matches(row, where)][skip : skip + first]

    def countDataIntegrations(self, _: object, where: dict[str, Any]) -> int:  # noqa: N802
        return sum(_matches(row, where) for row in self.integrations)

    def dataConnections(  # noqa: N802
        self, _: object, where: dict[str, Any], first: int, skip: int
    ) -> list[dict[str, Any]]:
        known = {"projectId": "projectId", "integrationId": "dataIntegrationId"}
        wanted = {known[name]: value for name, value in where.items()}
        return [row for row in self.connections.values() if _matches(row, wanted)][skip : skip + first]

    def dataConnection(self, _: object, where: dict[str, str]) -> dict[str, Any] | None:  # noqa: N802
        connection = self.connections.get(where["id"])
        if connection and self._busy:
            self._busy -= 1
            if not self._busy:
                connection["isChecking"] = connection["isApplyingDataDifferences"] = False
        return connection

    def addDataConnection(self, _: object, data: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        id_ = str(len(self.connections) + 1)
        self.connections[id_] = _connection(id_, projectId=data["projectId"])
        return self.computeDifferences(_, {"id": id_})

    def computeDifferences(self, _: object, where: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        connection = self.connections[where["id"]]
        connection["isChecking"], self._busy = True, self.polls
        self._begin("COMPUTE", [], self.found)
        connection["error"] = self.listing_error
        connection["dataDifferencesSummary"] = {
            **self.found,
            "total": self.found["added"] + self.found["removed"],
        }
        return connection

    def validateDataDifferences(  # noqa: N802
        self,
        _: object,
        where: dict[str, str],
        processingParameters: str | None = None,  # noqa: N803
    ) -> dict[str, Any]:
        if self.refusal and where["type"] == "REMOVE" and processingParameters is None:
            raise self.refusal
        connection = self.connections[where["connectionId"]]
        connection["isApplyingDataDifferences"], self._busy = True, self.polls
        name, sign = {"ADD": ("added", 1), "REMOVE": ("removed", -1), "CHANGED": ("changed", 0)}[where["type"]]
        connection["numberOfAssets"] += sign * self.found[name]
        self._begin("APPLY", [where["type"]], {name: self.found[name] - self.settled})
        self.found[name] = 0
        return connection

    def dataDifferences(  # noqa: N802
        self, _: object, where: dict[str, str], first: int, after: str | None = None
    ) -> dict[str, Any]:
        rows = [row for row in self.rows_of_differences if row["type"] == where.get("type", row["type"])]
        start = 0 if after is None else [row["cursor"] for row in rows].index(after) + 1
        page = rows[start : start + first]
        columns = [[row[name] for row in page] for name in ("type", "bucketKey", "size", "dataAssetId")]
        return {"columns": columns, "next": page[-1]["cursor"] if len(page) == first else None}

    def dataDifferenceFolders(  # noqa: N802
        self, _: object, where: dict[str, str], first: int, after: str | None = None
    ) -> dict[str, Any]:
        assert where["connectionId"] in self.connections
        assert after is None
        none = {"added": 0, "removed": 0, "changed": 0, "total": 0}
        rows = [row for row in self.rows_of_folders or [{"folder": "bears", **self.found}] if any([*row.values()][1:])]
        return {"rows": rows[:first], "others": none, "direct": none, "next": None}

    def createApiKey(self, _: object, data: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {
            "id": "5",
            "key": "bl_secret",
            "expiryDate": None,
            "user": {"email": data["email"], "role": data.get("role", "USER")},
        }

    def revokeApiKey(self, _: object, where: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        return {"id": where["id"], "name": "mine", "revoked": True, "user": {"email": "ana@example.com"}}

    def createProject(self, _: object, data: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"id": "9", "title": data["title"], "inputType": data["inputType"], "numberOfAssets": 0}

    def updatePropertiesInProject(  # noqa: N802
        self, _: object, data: dict[str, Any], where: dict[str, Any]
    ) -> dict[str, Any]:
        return {**data, "id": where["id"]}

    def deleteProjectAsynchronously(self, _: object, where: dict[str, Any]) -> str:  # noqa: N802
        return str(where["id"])

    def createDataIntegration(self, _: object, data: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {**data, "id": "4", "status": "CONNECTED"}

    def updatePropertiesInDataIntegration(  # noqa: N802
        self, _: object, data: dict[str, Any], where: dict[str, Any]
    ) -> dict[str, Any]:
        return {**data, "id": where["id"], "s3AccessKey": None, "s3SecretKey": None}

    def deleteDataIntegration(self, _: object, where: dict[str, Any]) -> str:  # noqa: N802
        return str(where["id"])

    def _begin(self, kind: str, types: list[str], counts: dict[str, int]) -> None:
        summary = {"added": 0, "removed": 0, "changed": 0, **counts}
        summary["total"] = summary["added"] + summary["removed"]
        made = {**_run(str(20 + len(self.made)), "SUCCEEDED"), "kind": kind, "types": types, "summary": summary}
        if kind == "COMPUTE" and self.listing_error:
            made |= {"state": "FAILED", "error": self.listing_error, "errorKind": self.listing_error_kind}
        self.made.insert(0, made)

    def run(self, _: object, where: dict[str, str]) -> dict[str, Any] | None:
        known = [*self.made, {**_run("7", "SUCCEEDED"), "undoneBy": self.undone_by}, _run("8", "SUCCEEDED")]
        return next((run for run in known if run["id"] == where["id"]), None)

    def undoRun(self, _: object, where: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        if where["id"] != "7":
            raise GraphQLError("There is no run with this id.", extensions={"code": "NOT_FOUND"})
        return _run("8", "QUEUED")

    def runs(self, _: object, where: dict[str, str], first: int, skip: int) -> list[dict[str, Any]]:
        assert where["connectionId"] in self.connections
        under_way = {"state": "RUNNING", "rate": 1000.0, "share": 0.5} if self._busy else {}
        made = [{**run, **(under_way if place == 0 else {})} for place, run in enumerate(self.made)]
        if self.undone_by:
            made.insert(0, _run(self.undone_by, "RUNNING"))
        return [*made, {**_run("7", "SUCCEEDED"), "undoneBy": self.undone_by}][skip : skip + first]


C = TypeVar("C", bound=Client)


def client_of(server: FakeServer, kind: type[C]) -> C:
    """A client that speaks to a fake server, opened past its constructor."""
    opened = kind.__new__(kind)
    opened._open(server, "here")
    return opened


def difference(type_: str, key: str) -> dict[str, Any]:
    return {"type": type_, "bucketKey": key, "size": 1, "dataAssetId": None, "cursor": f"{type_} {key}"}


def _matches(row: dict[str, Any], where: dict[str, Any]) -> bool:
    return all(row[name] == value for name, value in where.items())


def _integration(number: int) -> dict[str, Any]:
    return {"id": str(number), "name": f"Bucket {number}", "platform": "AWS", "status": "CONNECTED"}


def _connection(id_: str, **fields: object) -> dict[str, Any]:
    return {
        "id": id_,
        "projectId": "9",
        "dataIntegrationId": "1",
        "dataIntegration": _integration(1),
        "isComputed": True,
        "isChecking": False,
        "isApplyingDataDifferences": False,
        "numberOfAssets": 10,
        "dataDifferencesSummary": {"added": 0, "removed": 0, "changed": 0, "total": 0},
        "selectedFolders": None,
        "lastChecked": None,
        "error": None,
        "warnings": [],
        "warningDetails": [],
        **fields,
    }


def _project() -> dict[str, Any]:
    return {
        "id": "9",
        "title": "evil \x1b[2J",
        "inputType": "IMAGE",
        "numberOfAssets": 1234,
        "consensusTotCoverage": 0,
        "minConsensusSize": 1,
        "reviewCoverage": 0,
        "jsonInterface": '{"jobs": {}}',
        "roles": [{"id": "9-1", "role": "ADMIN", "user": USER}],
    }


def _asset(number: int) -> dict[str, Any]:
    return {
        "id": str(number),
        "externalId": f"bears/{number}.jpg",
        "content": f"s3://bucket/bears/{number}.jpg",
        "createdAt": "2026-01-31T12:00:00.000000Z",
        "isHoneypot": False,
        "jsonMetadata": '{"by": "Ana"}',
        "labels": [],
        "skipped": False,
        "status": "TODO",
    }


def _run(id_: str, state: str) -> dict[str, Any]:
    return {
        "id": id_,
        "kind": "UNDO" if id_ == "8" else "APPLY",
        "state": state,
        "connectionId": "1",
        "sourceRunId": "7",
        "types": ["REMOVE"],
        "objects": 0,
        "expected": None,
        "share": 1.0,
        "rate": 2.0,
        "summary": {"added": 3, "removed": 0, "changed": 0, "total": 3},
        "left": 0,
        "error": None,
        "errorKind": None,
        "undoneBy": None,
        "createdAt": "2026-01-31T12:00:00.000000Z",
        "startedAt": "2026-01-31T12:00:00.000000Z",
        "steppedAt": "2026-01-31T12:00:01.500000Z",
        "finishedAt": "2026-01-31T12:00:01.500000Z",
    }

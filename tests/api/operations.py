"""Every query and mutation of the schema, with arguments that mean things of one organization."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLField, GraphQLObjectType, get_named_type, is_leaf_type, is_required_argument

from bucketlink.api.application import SCHEMA
from tests.api.conftest import Member

DEEP = 3
Arguments = dict[str, Any]
Where = Callable[[Member], Arguments]
PAGE: Arguments = {"first": 100, "skip": 0}
COLUMNS: Arguments = {"first": 100, "fields": ["id", "externalId"]}
NOTHING: tuple[Any, ...] = (None, [], 0)
"""What a query answers that finds nothing."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A root field and what it is asked with.

    Attributes:
        name: of the root field.
        about: arguments that mean things of this member's.
        variants: more such arguments, where one set does not name every kind of thing.
        only_admin: whether a USER is refused.
        own: whether it is about whoever asks, so that a stranger gets an answer, about themselves.
        empty: whether it answers nothing to anybody.

    """

    name: str
    about: Callable[[Member], Arguments]
    variants: Callable[[Member, Member], list[Arguments]] = field(default=lambda _ours, _theirs: [])
    only_admin: bool = False
    own: bool = False
    empty: bool = False

    @property
    def is_mutation(self) -> bool:
        return self.name in root("Mutation").fields

    @property
    def document(self) -> str:
        """Asks for every field, nested ones too."""
        return self._document(DEEP)

    @property
    def brief(self) -> str:
        """Asks for the id alone, which nothing changes that goes on in the background."""
        return self._document(0)

    def _document(self, depth: int) -> str:
        kind = "mutation" if self.is_mutation else "query"
        definition = root(kind.capitalize()).fields[self.name]
        declared = ", ".join(f"${name}: {argument.type}" for name, argument in definition.args.items())
        passed = ", ".join(f"{name}: ${name}" for name in definition.args)
        head = f"{kind} ({declared}) {{ data: {self.name}({passed})" if passed else f"{kind} {{ data: {self.name}"
        return f"{head} {_selection(definition, depth)} }}"


def root(name: str) -> GraphQLObjectType:
    """The type of the root fields of a kind."""
    found = SCHEMA.type_map[name]
    assert isinstance(found, GraphQLObjectType)
    return found


def _selection(definition: GraphQLField, depth: int) -> str:
    of = get_named_type(definition.type)
    if depth == 0:
        return "{ id }" if isinstance(of, GraphQLObjectType) else ""
    return f"{{ {' '.join(_fields(of, depth))} }}" if isinstance(of, GraphQLObjectType) else ""


def _fields(of: GraphQLObjectType, depth: int) -> Iterator[str]:
    for name, definition in of.fields.items():
        if is_leaf_type(get_named_type(definition.type)):
            required = [arg for arg, value in definition.args.items() if is_required_argument(value)]
            yield f"{name}(first: 100)" if required else name
        elif depth > 1:
            yield f"{name} {_selection(definition, depth - 1)}"


def _where(**things: str) -> Where:
    return lambda member: {"where": {name: member.ids[thing] for name, thing in things.items()}}


def _page(**things: str) -> Where:
    return lambda member: {**_where(**things)(member), **PAGE}


def _wheres(*wheres: Where) -> Callable[[Member, Member], list[Arguments]]:
    return lambda ours, _theirs: [{"where": where(ours)} for where in wheres]


def _pages(*wheres: Where) -> Callable[[Member, Member], list[Arguments]]:
    return lambda ours, _theirs: [{"where": where(ours), **PAGE} for where in wheres]


_USER_WHERES: tuple[Where, ...] = (
    lambda our: {"email": our.admin.email},
    lambda our: {"apiKey": our.key},
    lambda our: {"organization": {"id": our.organization}},
)
_KEY_WHERES: tuple[Where, ...] = (
    lambda our: {"key": our.key},
    lambda our: {"user": {"id": our.ids["user"]}},
)
_ORGANIZATION_WHERES: tuple[Where, ...] = (
    lambda our: {"name": f"{our.name} organization"},
    lambda our: {"user": {"email": our.admin.email}},
)
_PROJECT_WHERES: tuple[Where, ...] = (
    lambda our: {"searchQuery": our.name},
    lambda our: {"organizationId": our.organization},
)
_ASSET_WHERES: tuple[Where, ...] = (
    lambda our: {"project": {"id": our.ids["project"]}, "id": our.ids["asset"]},
    lambda our: {"project": {"id": our.ids["project"]}, "externalIdIn": [our.name]},
)
_MEMBER_WHERES: tuple[Where, ...] = (
    lambda our: {"project": {"id": our.ids["project"]}, "user": {"email": our.admin.email}},
    lambda our: {"project": {"id": our.ids["project"]}, "id": f"{our.ids['project']}-{our.ids['user']}"},
)
_INTEGRATION_WHERES: tuple[Where, ...] = (
    lambda our: {"name": f"{our.name} integration"},
    lambda our: {"organizationId": our.organization},
)
_CONNECTION_WHERES: tuple[Where, ...] = (
    lambda our: {"projectId": our.ids["project"]},
    lambda our: {"integrationId": our.ids["integration"]},
)


def _folder_data(member: Member, **fields: object) -> Arguments:
    return {"data": {"name": "A new one", "platform": "Folder", "folderPath": str(member.folder), **fields}}


def _connection_data(project: Member, integration: Member) -> Arguments:
    return {"data": {"projectId": project.ids["project"], "integrationId": integration.ids["integration"]}}


def _members(member: Member) -> Arguments:
    return {"where": {"project": {"id": member.ids["project"]}, "user": {"id": member.ids["user"]}}}


def _assets(member: Member) -> Arguments:
    return {"where": {"project": {"id": member.ids["project"]}}}


OPERATIONS = (
    Operation("me", lambda _: {}, own=True),
    Operation("viewer", lambda _: {}, own=True),
    Operation("users", _page(id="user"), _pages(*_USER_WHERES)),
    Operation("countUsers", _where(id="user"), _wheres(*_USER_WHERES)),
    Operation("projectUsers", lambda our: {**_members(our), **PAGE}, _pages(*_MEMBER_WHERES)),
    Operation("countProjectUsers", _members, _wheres(*_MEMBER_WHERES)),
    Operation("organizations", _page(id="organization"), _pages(*_ORGANIZATION_WHERES)),
    Operation("countOrganizations", _where(id="organization"), _wheres(*_ORGANIZATION_WHERES)),
    Operation("apiKeys", _page(id="api key"), _pages(*_KEY_WHERES), only_admin=True),
    Operation("countApiKeys", _where(id="api key"), _wheres(*_KEY_WHERES), only_admin=True),
    Operation("projects", _page(id="project"), _pages(*_PROJECT_WHERES)),
    Operation("countProjects", _where(id="project"), _wheres(*_PROJECT_WHERES)),
    Operation("listTagsByOrg", lambda _: {}, own=True, empty=True),
    Operation("listTagsByProject", lambda our: {"projectId": our.ids["project"]}, empty=True),
    Operation("assets", lambda our: {**_assets(our), **PAGE}, _pages(*_ASSET_WHERES)),
    Operation("countAssets", _assets, _wheres(*_ASSET_WHERES)),
    Operation(
        "assetColumns",
        lambda our: {**_assets(our), **COLUMNS},
        lambda ours, _: [{"where": where(ours), **COLUMNS} for where in _ASSET_WHERES],
    ),
    Operation("dataIntegrations", _page(id="integration"), _pages(*_INTEGRATION_WHERES)),
    Operation("countDataIntegrations", _where(id="integration"), _wheres(*_INTEGRATION_WHERES, *_CONNECTION_WHERES)),
    Operation(
        "dataConnections", _page(projectId="project"), _pages(lambda our: {"integrationId": our.ids["integration"]})
    ),
    Operation("dataConnection", _where(id="connection")),
    Operation("dataDifferences", lambda our: {**_where(connectionId="connection")(our), "first": 100}),
    Operation("dataDifferenceFolders", lambda our: {**_where(connectionId="connection")(our), "first": 100}),
    Operation("runs", _page(connectionId="connection")),
    Operation("run", _where(id="run")),
    Operation(
        "createProject",
        lambda _: {"data": {"title": "A new one", "inputType": "IMAGE", "jsonInterface": "{}"}},
        own=True,
    ),
    Operation("copyProject", lambda our: {"data": {"projectId": our.ids["project"], "shouldCopyUsers": True}}),
    Operation(
        "appendToRoles",
        lambda our: {**_where(id="project")(our), "data": {"userEmail": our.user.email, "role": "LABELER"}},
        lambda ours, theirs: [{**_where(id="project")(theirs), "data": {"userEmail": ours.user.email}}],
    ),
    Operation("updatePropertiesInProject", lambda our: {**_where(id="project")(our), "data": {"title": "Changed"}}),
    Operation("deleteProject", _where(id="project")),
    Operation("deleteProjectAsynchronously", _where(id="project")),
    Operation(
        "createDataIntegration",
        lambda our: _folder_data(our, organizationId=our.organization),
        lambda ours, _: [_folder_data(ours, allowedProjects=[ours.ids["project"]])],
        only_admin=True,
    ),
    Operation(
        "updatePropertiesInDataIntegration",
        lambda our: {**_where(id="integration")(our), "data": {"name": "Changed"}},
        lambda ours, theirs: [
            {"where": {"name": f"{ours.name} integration"}, "data": {"name": "Changed"}},
            {"where": {"id": theirs.ids["integration"]}, "data": {"organizationId": ours.organization}},
            {"where": {"id": theirs.ids["integration"]}, "data": {"allowedProjects": [ours.ids["project"]]}},
        ],
        only_admin=True,
    ),
    Operation("checkDataIntegration", _where(id="integration"), only_admin=True),
    Operation("deleteDataIntegration", _where(id="spare integration"), only_admin=True),
    Operation(
        "addDataConnection",
        lambda our: _connection_data(our, our),
        lambda ours, theirs: [_connection_data(ours, theirs), _connection_data(theirs, ours)],
    ),
    Operation("updateDataConnection", lambda our: {**_where(id="connection")(our), "data": {"prefix": "changed"}}),
    Operation("computeDifferences", _where(id="connection")),
    Operation(
        "validateDataDifferences",
        lambda our: {"where": {"connectionId": our.ids["connection"], "type": "ADD"}},
    ),
    Operation("deleteDataConnection", _where(id="connection")),
    Operation("deleteDataConnectionWithAssets", _where(id="connection")),
    Operation("undoRun", _where(id="run")),
    Operation("cancelRun", _where(id="unfinished run")),
    Operation(
        "createApiKey",
        lambda our: {"data": {"email": our.admin.email, "role": "ADMIN", "expiresInDays": 1}},
        only_admin=True,
        own=True,
    ),
    Operation("revokeApiKey", _where(id="api key"), only_admin=True),
)

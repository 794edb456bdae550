"""Resolvers of the mutations on projects, connections, runs and keys: each is one transaction, done once."""

import json
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection as Transaction

from bucketlink import requests, selecting
from bucketlink.api import people, shapes
from bucketlink.api.binding import Fields
from bucketlink.api.context import LONGEST_NAME, Info, Shape, context, key_text, nameable, once
from bucketlink.api.listings import read_listing
from bucketlink.errors import Conflict, InvalidInput, NotAllowed, NotFound
from bucketlink.ids import Noun
from bucketlink.model import DifferenceType, InputType, Role, Selection
from bucketlink.store import accounts, connections, integrations, projects, runs
from bucketlink.store.tables import projects as project_table
from bucketlink.sync.selection import Selector

mutation = Fields("Mutation")
Data = dict[str, Any]

OF_A_COPY = " (copy)"
KEY_DAYS = 365
MOST_KEY_DAYS = 3650
_SELECTED = {
    "selectedFolders": "selected_folders",
    "prefix": "prefix",
    "include": "include",
    "exclude": "exclude",
}
_PROJECT_COLUMNS = {
    "title": project_table.c.title.name,
    "description": project_table.c.description.name,
    "jsonInterface": project_table.c.json_interface.name,
    "archived": project_table.c.archived.name,
}


@mutation.field("createProject")
def resolve_create_project(_: object, info: Info, data: Data) -> Shape:
    """Make a project."""
    organization_id = context(info).caller.organization_id

    def act(tx: Transaction) -> str:
        made = projects.add(
            tx,
            organization_id,
            title=nameable(data["title"], "title"),
            description=data.get("description") or "",
            input_type=InputType(data["inputType"]),
            json_interface=_json(data.get("jsonInterface") or "{}", "jsonInterface"),
            properties=_properties(data),
        )
        return str(made.id)

    return _project(info, int(once(info, act)))


@mutation.field("copyProject")
def resolve_copy_project(_: object, info: Info, data: Data) -> str:
    """Make a project with the settings of another."""
    organization_id = context(info).caller.organization_id
    number = Noun.PROJECT.number(data["projectId"])
    if data.get("shouldCopyAssets"):
        raise InvalidInput("Assets are not copied: add a connection to the new project, and synchronize it.")

    def act(tx: Transaction) -> str:
        source = projects.get(tx, organization_id, number)
        made = projects.add(
            tx,
            organization_id,
            title=f"{source.title[: LONGEST_NAME - len(OF_A_COPY)]}{OF_A_COPY}",
            description=source.description,
            input_type=source.input_type,
            json_interface=source.json_interface,
            properties=source.properties,
        )
        return Noun.PROJECT.show(made.id)

    return once(info, act)


@mutation.field("appendToRoles")
def resolve_append_to_roles(_: object, info: Info, data: Data, where: Data) -> Shape:
    """Answer a project, if this is one of its members: everybody of the organization is. Raises NotFound otherwise."""
    organization_id = context(info).caller.organization_id
    number = Noun.PROJECT.number(where.get("id") or "")
    answer = _project(info, number)
    if not context(info).read(lambda tx: accounts.count_users(tx, organization_id, email=data["userEmail"])):
        raise NotFound(
            "There is no user of this address in your organization: `bucketlink keys create` makes one, with a key."
        )
    return answer


@mutation.field("updatePropertiesInProject")
def resolve_update_project(_: object, info: Info, data: Data, where: Data) -> Shape:
    """Change what is given of a project; null is as not given."""
    organization_id = context(info).caller.organization_id
    number = Noun.PROJECT.number(where.get("id") or "")

    def act(tx: Transaction) -> str:
        before = projects.get(tx, organization_id, number)
        given = {name: value for name, value in data.items() if value is not None}
        if given.get("inputType", before.input_type) != before.input_type:
            raise Conflict("The input type of a project cannot change: make another project.")
        if "jsonInterface" in given:
            _json(given["jsonInterface"], "jsonInterface")
        if "title" in given:
            nameable(given["title"], "title")
        values: Data = {column: given[name] for name, column in _PROJECT_COLUMNS.items() if name in given}
        properties = {**before.properties, **_properties(given)}
        projects.change(tx, organization_id, number, {**values, "properties": properties})
        return str(number)

    return _project(info, int(once(info, act)))


def _properties(given: Data) -> Data:
    """What is kept of a project beside its columns."""
    return {name: given[name] for name in shapes.PROJECT_PROPERTIES if given.get(name) is not None}


def _json(text: str, name: str) -> str:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInput(f"{name} is not JSON: give a JSON object as text.") from None
    return text


def _project(info: Info, number: int) -> Shape:
    organization_id = context(info).caller.organization_id
    return shapes.project(context(info).read(lambda tx: projects.get(tx, organization_id, number)))


@mutation.field("deleteProject")
def resolve_delete_project(_: object, info: Info, where: Data) -> Shape:
    """Delete a project; answers it as it was, without what belonged to it."""
    organization_id = context(info).caller.organization_id
    number = Noun.PROJECT.number(where.get("id") or "")

    def act(tx: Transaction) -> str:
        shape = shapes.project(projects.get(tx, organization_id, number))
        projects.remove(tx, organization_id, number)
        return json.dumps({name: value for name, value in shape.items() if not callable(value)})

    return {**json.loads(once(info, act)), "dataConnections": [], "roles": []}


@mutation.field("deleteProjectAsynchronously")
def resolve_delete_project_asynchronously(_: object, info: Info, where: Data) -> str:
    """Delete a project: it is hidden at once, its rows go in the background."""
    organization_id = context(info).caller.organization_id
    number = Noun.PROJECT.number(where.get("id") or "")

    def act(tx: Transaction) -> str:
        projects.remove(tx, organization_id, number)
        return Noun.PROJECT.show(number)

    return once(info, act)


@mutation.field("addDataConnection")
def resolve_add_connection(_: object, info: Info, data: Data) -> Shape:
    """Connect an integration to a project and compute its differences; waits for them, as long as patience lasts.

    Where clients list the bucket, there is nothing to compute on before one has.
    """
    caller = context(info).caller
    selection = _selection(data)

    def act(tx: Transaction) -> str:
        project = projects.get(tx, caller.organization_id, Noun.PROJECT.number(data["projectId"]))
        integration = integrations.get(tx, caller.organization_id, Noun.INTEGRATION.number(data["integrationId"]))
        allowed = integration.allowed_projects
        if allowed is not None and project.id not in allowed:
            raise NotAllowed(
                f"The integration {integration.name!r} may not be used in this project: ask an administrator to "
                "add the project to those that it allows."
            )
        number = connections.add(
            tx,
            project,
            integration,
            selection,
            json_processing=bool(data.get("isJsonProcessingEnabled")),
            notices=Selector(selection, integration.restriction).notices(),
        )
        if not integration.access.client_lists:
            requests.compute(tx, connections.get(tx, caller.organization_id, number), caller)
        return str(number)

    number = int(once(info, act))
    context(info).wait(lambda: not _load_connection(info, number).is_checking)
    return shapes.connection(_load_connection(info, number))


@mutation.field("updateDataConnection")
def resolve_update_connection(_: object, info: Info, data: Data, where: Data) -> Shape:
    """Change what a connection selects and compute its differences; waits for them, as long as patience lasts."""
    caller = context(info).caller
    number = Noun.CONNECTION.number(where["id"])
    given = {name: value for name, value in data.items() if value is not None}
    if given.get("allFolders") and "selectedFolders" in given:
        raise InvalidInput("allFolders takes every folder: leave out selectedFolders, or allFolders.")
    if not given:
        raise InvalidInput("Nothing is given that is to be changed: give folders, a prefix or patterns.")

    def act(tx: Transaction) -> str:
        connection = connections.get(tx, caller.organization_id, number)
        selecting.change(tx, connection, _changed(connection.selection, given), caller)
        return str(number)

    number = int(once(info, act))
    context(info).wait(lambda: not _load_connection(info, number).is_checking)
    return shapes.connection(_load_connection(info, number))


def _changed(before: Selection, given: Data) -> Selection:
    """A selection of which some fields are given anew."""
    new = _selection(given)
    anew = {column: getattr(new, column) for name, column in _SELECTED.items() if name in given}
    if given.get("allFolders"):
        anew["selected_folders"] = None
    return replace(before, **anew)


def _selection(data: Data) -> Selection:
    folders = data.get("selectedFolders")
    return Selection(
        selected_folders=None if folders is None else tuple(key_text(one) for one in folders),
        prefix=key_text(data["prefix"]) if data.get("prefix") else None,
        include=tuple(key_text(one) for one in data.get("include") or ()),
        exclude=tuple(key_text(one) for one in data.get("exclude") or ()),
    )


def _load_connection(info: Info, number: int) -> Any:
    organization_id = context(info).caller.organization_id
    return context(info).read(lambda tx: connections.get(tx, organization_id, number))


@mutation.field("computeDifferences")
def resolve_compute(_: object, info: Info, where: Data, data: Data | None = None) -> Shape:
    """Queue a computation, or join the one under way; or compute on what the client has listed itself."""
    caller = context(info).caller
    number = Noun.CONNECTION.number(where["id"])
    listing = read_listing(data) if data and any(value is not None for value in data.values()) else None

    def act(tx: Transaction) -> str:
        connection = connections.get(tx, caller.organization_id, number)
        if listing is None:
            requests.compute(tx, connection, caller)
        else:
            requests.compute_sent(tx, connection, caller, listing)
        return str(number)

    return shapes.connection(_load_connection(info, int(once(info, act))))


@mutation.field("validateDataDifferences")
def resolve_apply(_: object, info: Info, where: Data, processingParameters: str | None = None) -> Shape:  # noqa: N803
    """Queue the application of the published differences of one type."""
    caller = context(info).caller
    number = Noun.CONNECTION.number(where["connectionId"])
    forced, most_removed = _agreed(processingParameters)

    def act(tx: Transaction) -> str:
        connection = connections.get(tx, caller.organization_id, number)
        type_ = DifferenceType[where["type"]]
        requests.apply(tx, connection, type_, caller, forced=forced, most_removed=most_removed)
        return str(number)

    return shapes.connection(_load_connection(info, int(once(info, act))))


def _agreed(parameters: str | None) -> tuple[bool, int | None]:
    """Whether a large removal is forced, and how many assets may be removed at most; None for any number."""
    try:
        given = json.loads(parameters or "null")
    except (ValueError, RecursionError):
        given = parameters
    if given is None:
        return False, None
    if not isinstance(given, dict):
        raise InvalidInput('processingParameters is not a JSON object: give, for example, {"force": true}.')
    most = given.get("maxDelete")
    if most is not None and (type(most) is not int or most < 0):
        raise InvalidInput('maxDelete in processingParameters must be a whole number, 0 or more: {"maxDelete": 10}.')
    return given.get("force") is True, most


@mutation.field("deleteDataConnection")
def resolve_delete_connection(_: object, info: Info, where: Data) -> str:
    """Remove a connection; its assets stay."""
    organization_id = context(info).caller.organization_id
    number = Noun.CONNECTION.number(where["id"])

    def act(tx: Transaction) -> str:
        connections.remove(tx, organization_id, number)
        return str(where["id"])

    return once(info, act)


@mutation.field("deleteDataConnectionWithAssets")
def resolve_delete_connection_with_assets(_: object, info: Info, where: Data, force: bool | None = None) -> Shape:
    """Queue the removal of a connection's assets and of the connection."""
    caller = context(info).caller
    number = Noun.CONNECTION.number(where["id"])

    def act(tx: Transaction) -> str:
        connection = connections.get(tx, caller.organization_id, number)
        return str(requests.remove_with_assets(tx, connection, caller, forced=bool(force)))

    return _run(info, int(once(info, act)))


@mutation.field("cancelRun")
def resolve_cancel(_: object, info: Info, where: Data) -> Shape:
    """End a run that is queued or running."""
    caller = context(info).caller
    number = Noun.RUN.number(where["id"])

    def act(tx: Transaction) -> str:
        requests.cancel(tx, runs.get(tx, caller.organization_id, number), caller)
        return str(number)

    return _run(info, int(once(info, act)))


@mutation.field("undoRun")
def resolve_undo(_: object, info: Info, where: Data) -> Shape:
    """Queue the undoing of a run."""
    caller = context(info).caller
    number = Noun.RUN.number(where["id"])

    def act(tx: Transaction) -> str:
        run = runs.get(tx, caller.organization_id, number)
        return str(requests.undo(tx, run, caller))

    return _run(info, int(once(info, act)))


def _run(info: Info, number: int) -> Shape:
    organization_id = context(info).caller.organization_id
    return shapes.run(context(info).read(lambda tx: runs.get(tx, organization_id, number)))


@mutation.field("createApiKey")
def resolve_create_api_key(_: object, info: Info, data: Data) -> Shape:
    """Make an API key, and its user if there is none yet.

    A key is shown once, so a request that is sent again cannot be answered with the same one: it makes another.
    """
    context(info).administrate()
    caller = context(info).caller
    days = data.get("expiresInDays")
    if days is None:
        days = KEY_DAYS
    if not 1 <= days <= MOST_KEY_DAYS:
        raise InvalidInput(f"expiresInDays must be from 1 to {MOST_KEY_DAYS}, not {days}.")
    email = data["email"].strip()
    if "@" not in email or len(email) > 254:
        raise InvalidInput(f"{email[:60]!r} is not an e-mail address.")
    role = Role(data["role"]) if data.get("role") else None
    with context(info).home.database.write() as tx:
        user = accounts.ensure_user(tx, caller.organization_id, email, role)
        text, key = accounts.add_api_key(tx, user, name=data.get("name") or email, days=days)
    return {**people.api_key(key), "key": text}


@mutation.field("revokeApiKey")
def resolve_revoke_api_key(_: object, info: Info, where: Data) -> Shape:
    """Accept a key no more."""
    context(info).administrate()
    caller, number = context(info).caller, Noun.API_KEY.number(where["id"])
    with context(info).home.database.write() as tx:
        key = accounts.revoke_api_key(tx, caller, number)
    return people.api_key(key)

"""Resolvers that register, change and delete integrations; for administrators only."""

from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import closing
from threading import Thread
from typing import Any

from sqlalchemy import Connection as Transaction

from bucketlink import requests
from bucketlink.api import shapes
from bucketlink.api.binding import Fields
from bucketlink.api.context import Info, Shape, context, key_text, nameable, once, was_answered
from bucketlink.api.integration_data import Way, changed_way, new_way
from bucketlink.api.queries import integrations_wanted
from bucketlink.api.readers import SHORT
from bucketlink.buckets import open_bucket, validate_address
from bucketlink.buckets.checking import probe
from bucketlink.errors import Conflict, InvalidInput, NotAllowed
from bucketlink.ids import Noun
from bucketlink.model import Credentials, Finding, Integration, Platform, Restriction, Selection, Status
from bucketlink.store import accounts, integrations, projects
from bucketlink.sync.selection import Selector

mutation = Fields("Mutation")
Data = dict[str, Any]


@mutation.field("createDataIntegration")
def resolve_create(_: object, info: Info, data: Data) -> Shape:
    """Register a bucket that can be read; what cannot be is refused with the reason, and nothing is kept of it.

    Where trying takes longer than the answer can wait, the integration is answered as CHECKING, and its status follows.
    """
    context(info).administrate()
    caller = context(info).caller
    _check_organization(info, data)
    platform = Platform(data["platform"]) if data.get("platform") else None
    if platform is None:
        raise InvalidInput("platform is missing: give AWS, Azure, GCP, CustomS3 or Folder.")
    name = nameable(data.get("name"), "name")
    organization = context(info).read(lambda tx: accounts.organization(tx, caller.organization_id))
    way = new_way(platform, data, organization.external_id)
    validate_address(way.address, context(info).home.settings)

    restriction = _restriction(data.get("allowedPaths"), bool(data.get("includeRootFiles")))
    context(info).read(lambda tx: _allowed_projects(tx, info, data.get("allowedProjects")))
    found = Finding() if was_answered(info) else _tried(info, way, restriction)

    def act(tx: Transaction) -> str:
        made = integrations.add(
            tx,
            context(info).home.sealer,
            caller.organization_id,
            name=name,
            address=way.address,
            access=way.access,
            restriction=restriction,
            allowed_projects=_allowed_projects(tx, info, data.get("allowedProjects")),
            credentials=way.credentials,
            internal_processing_authorized=bool(data.get("internalProcessingAuthorized")),
            found=found,
        )
        if found is None:
            requests.check(tx, made, caller)
        return str(made.id)

    return shapes.integration(_load(info, int(once(info, act))))


def _tried(info: Info, way: Way, restriction: Restriction) -> Finding | None:
    """What trying the bucket shows, None where that takes longer than the answer can wait.

    Raises BucketError where it cannot be read, and InvalidInput or NotAllowed where it cannot be tried.
    """
    settings = context(info).home.settings
    tried: Future[Finding] = Future()

    def attempt() -> None:
        try:
            opened = open_bucket(way.address, way.credentials, settings, access=way.access, patience=SHORT)
            with closing(opened) as reader:
                spans = Selector(Selection(), restriction).spans()
                tried.set_result(Finding() if way.access.client_lists else probe(reader, spans))
        except Exception as error:  # noqa: BLE001 - raised by whoever waits for it
            tried.set_exception(error)

    with context(info).patient() as patience:
        if not patience:
            return None
        Thread(target=attempt, daemon=True).start()
        try:
            return tried.result(patience)
        except TimeoutError:
            return None


@mutation.field("updatePropertiesInDataIntegration")
def resolve_update(_: object, info: Info, data: Data, where: Data) -> Shape:
    """Change what is given of an integration, and check it anew; a field that is missing or null stays."""
    context(info).administrate()
    caller = context(info).caller
    _check_organization(info, data)

    sent = {name: value for name, value in data.items() if value is not None}

    def planned(tx: Transaction) -> tuple[Integration, Credentials, Way]:
        before = _named(tx, info, where)
        stored = integrations.credentials(tx, context(info).home.sealer, before)
        return before, stored, changed_way(before, stored, sent)

    if not was_answered(info):
        # What takes time, such as loading a platform's library, is not done while others wait for the database.
        before, stored, way = context(info).read(planned)
        if way != Way(before.address, before.access, stored):
            validate_address(way.address, context(info).home.settings)
            open_bucket(way.address, way.credentials, context(info).home.settings, access=way.access).close()

    def act(tx: Transaction) -> str:
        before, stored, way = planned(tx)
        changed = integrations.change(
            tx,
            context(info).home.sealer,
            before,
            name=nameable(sent.get("name", before.name), "name"),
            address=way.address,
            access=way.access,
            restriction=_restriction(
                None if sent.get("allPathsAllowed") else sent.get("allowedPaths", before.restriction.allowed_paths),
                bool(sent.get("includeRootFiles", before.restriction.include_root_files)),
            ),
            allowed_projects=_allowed_projects(tx, info, sent["allowedProjects"])
            if "allowedProjects" in sent
            else before.allowed_projects,
            internal_processing_authorized=bool(
                sent.get("internalProcessingAuthorized", before.internal_processing_authorized)
            ),
            credentials=None if way.credentials == stored else way.credentials,
        )
        requests.check(tx, changed, caller)
        return str(changed.id)

    return _checked(info, int(once(info, act)))


@mutation.field("checkDataIntegration")
def resolve_check(_: object, info: Info, where: Data) -> Shape:
    """Try the bucket again, as a synchronization would read it; answers with what was found, or as CHECKING."""
    context(info).administrate()
    caller = context(info).caller

    def act(tx: Transaction) -> str:
        integration = _named(tx, info, where)
        requests.check(tx, integration, caller)
        return str(integration.id)

    return _checked(info, int(once(info, act)))


def _checked(info: Info, number: int) -> Shape:
    context(info).wait(lambda: _load(info, number).status is not Status.CHECKING)
    return shapes.integration(_load(info, number))


@mutation.field("deleteDataIntegration")
def resolve_delete(_: object, info: Info, where: Data) -> str:
    """Delete an integration that no connection uses."""
    context(info).administrate()
    caller = context(info).caller
    if not where.get("id"):
        raise InvalidInput("where is missing the integration's id.")

    def act(tx: Transaction) -> str:
        integrations.remove(tx, caller.organization_id, Noun.INTEGRATION.number(where["id"]))
        return str(where["id"])

    return once(info, act)


def _named(tx: Transaction, info: Info, where: Data) -> Integration:
    wanted = integrations_wanted(info, where)
    if wanted is None or all(value is None for value in wanted.values()):
        raise InvalidInput("where names no integration: give its id.")
    organization_id = context(info).caller.organization_id
    found = integrations.find(tx, organization_id, **wanted, first=2)
    if not found:
        raise Noun.INTEGRATION.absent(where.get("id") or where.get("name") or "")
    if len(found) > 1:
        raise Conflict("where names more than one integration: give the id of one.")
    return found[0]


def _load(info: Info, number: int) -> Integration:
    organization_id = context(info).caller.organization_id
    return context(info).read(lambda tx: integrations.get(tx, organization_id, number))


def _check_organization(info: Info, data: Data) -> None:
    given = data.get("organizationId")
    if given and given != Noun.ORGANIZATION.show(context(info).caller.organization_id):
        raise NotAllowed("organizationId is not your organization's: leave it out.")


def _restriction(paths: Sequence[str] | None, include_root_files: bool) -> Restriction:
    if paths is not None and "" in paths:
        raise InvalidInput("allowedPaths holds an empty path, which would allow everything: leave it out.")
    restriction = Restriction(None if paths is None else tuple(map(key_text, paths)), include_root_files)
    Selector(Selection(), restriction)
    return restriction


def _allowed_projects(tx: Transaction, info: Info, given: list[str] | None) -> tuple[int, ...] | None:
    if given is None:
        return None
    numbers = tuple(Noun.PROJECT.number(one) for one in given)
    for number in numbers:
        projects.get(tx, context(info).caller.organization_id, number)
    return numbers

"""Resolvers that register, change and delete integrations; for administrators only."""

from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import asdict
from threading import Thread
from typing import Any

from ariadne import MutationType
from sqlalchemy import Connection as Transaction

from bucketlink import requests
from bucketlink.api import shapes
from bucketlink.api.context import Info, Shape, context, key_text, nameable, once, was_answered
from bucketlink.api.integration_data import (
    SECRETS,
    access_of,
    address_of,
    check_platform,
    credentials_of,
    fields_of,
    taken_apart,
)
from bucketlink.api.queries import integrations_wanted
from bucketlink.buckets import open_bucket, validate_address
from bucketlink.buckets.checking import probe
from bucketlink.errors import Conflict, InvalidInput, NotAllowed, NotFound
from bucketlink.ids import Noun
from bucketlink.model import (
    Access,
    BucketAddress,
    Credentials,
    Finding,
    Integration,
    Platform,
    Restriction,
    Selection,
    Status,
)
from bucketlink.store import accounts, integrations, projects
from bucketlink.sync.selection import Selector

mutation = MutationType()
Data = dict[str, Any]
S3_SECRETS = ("s3AccessKey", "s3SecretKey", "s3SessionToken")


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
    check_platform(platform, data)
    name = nameable(data.get("name"), "name")
    fields = taken_apart(data)
    address = address_of(platform, fields)
    validate_address(address, context(info).home.settings)
    credentials = credentials_of(platform, fields)
    organization = context(info).read(lambda tx: accounts.organization(tx, caller.organization_id))
    access = access_of(platform, fields, organization.external_id)

    restriction = _restriction(data.get("allowedPaths"), bool(data.get("includeRootFiles")))
    context(info).read(lambda tx: _allowed_projects(tx, info, data.get("allowedProjects")))
    found = Finding() if was_answered(info) else _tried(info, address, access, credentials, restriction)

    def act(tx: Transaction) -> str:
        made = integrations.add(
            tx,
            context(info).home.sealer,
            caller.organization_id,
            name=name,
            address=address,
            access=access,
            restriction=restriction,
            allowed_projects=_allowed_projects(tx, info, data.get("allowedProjects")),
            credentials=credentials,
            internal_processing_authorized=bool(data.get("internalProcessingAuthorized")),
            found=found,
        )
        if found is None:
            requests.check(tx, made, caller)
        return str(made.id)

    return shapes.integration(_load(info, int(once(info, act))))


def _tried(
    info: Info, address: BucketAddress, access: Access, credentials: Credentials, restriction: Restriction
) -> Finding | None:
    """What trying the bucket shows, None where that takes longer than the answer can wait.

    Raises BucketError where it cannot be read, and InvalidInput or NotAllowed where it cannot be tried.
    """
    settings = context(info).home.settings
    tried: Future[Finding] = Future()

    def attempt() -> None:
        try:
            with closing(open_bucket(address, credentials, settings, access=access)) as reader:
                spans = Selector(Selection(), restriction).spans()
                tried.set_result(Finding() if access.client_lists else probe(reader, spans))
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

    def act(tx: Transaction) -> str:
        before = _named(tx, info, where)
        sent = {name: value for name, value in data.items() if value is not None}
        platform = Platform(sent.get("platform", before.address.platform))
        check_platform(platform, sent)
        given = taken_apart(sent)
        stored = integrations.credentials(tx, context(info).home.sealer, before)
        fields = _changed(before, stored, given)
        address = address_of(platform, fields)
        validate_address(address, context(info).home.settings)
        credentials = credentials_of(platform, fields)
        access = access_of(platform, fields, before.access.external_id or "")
        if (address, access, credentials) != (before.address, before.access, stored):
            open_bucket(address, credentials, context(info).home.settings, access=access).close()
        changed = integrations.change(
            tx,
            context(info).home.sealer,
            before,
            name=nameable(given.get("name", before.name), "name"),
            address=address,
            access=access,
            restriction=_restriction(
                given.get("allowedPaths", before.restriction.allowed_paths),
                bool(given.get("includeRootFiles", before.restriction.include_root_files)),
            ),
            allowed_projects=_allowed_projects(tx, info, given["allowedProjects"])
            if "allowedProjects" in given
            else before.allowed_projects,
            internal_processing_authorized=bool(
                given.get("internalProcessingAuthorized", before.internal_processing_authorized)
            ),
            credentials=None if credentials == stored else credentials,
        )
        requests.check(tx, changed, caller)
        return str(changed.id)

    return _checked(info, int(once(info, act)))


def _changed(before: Integration, stored: Credentials, given: Data) -> Data:
    """The fields of an integration after a change: what is given, beside what stays.

    Of S3's secrets those that are not given stay, save a session token that belonged to another access key. On other
    platforms, and where the server's own identity is asked for, what is given takes the place of all that was there.
    """
    platform = before.address.platform
    kept: Data = {}
    if given.get("platform", platform) == platform:
        kept = fields_of(before)
        secrets = {name: asdict(stored)[attribute] for name, attribute in SECRETS.items()}
        named = [name for name in SECRETS if name in given]
        if any(given[name] for name in named) and "usesServerIdentity" not in given:
            kept["usesServerIdentity"] = None
        if given.get("usesServerIdentity") or (named and not set(named) <= set(S3_SECRETS)):
            secrets = {}
        elif given.get("s3AccessKey"):
            secrets["s3SessionToken"] = None
        kept |= secrets
    return {**kept, **given}


def _checked(info: Info, number: int) -> Shape:
    context(info).wait(lambda: _load(info, number).status is not Status.CHECKING)
    return shapes.integration(_load(info, number))


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
        raise NotFound("There is no such integration in your organization: check the integration's id.")
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

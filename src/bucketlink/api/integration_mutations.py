"""Resolvers that register, change and delete integrations; for administrators only."""

from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import closing
from threading import Thread
from typing import Any

from ariadne import MutationType
from sqlalchemy import Connection as Transaction

from bucketlink import requests
from bucketlink.api import shapes
from bucketlink.api.context import Info, Shape, context, key_text, nameable, once, was_answered
from bucketlink.api.queries import integrations_wanted
from bucketlink.buckets import open_bucket, validate_address
from bucketlink.errors import Conflict, InvalidInput, NotAllowed, NotFound
from bucketlink.ids import Noun
from bucketlink.model import (
    BucketAddress,
    Credentials,
    Integration,
    Platform,
    Restriction,
    Selection,
    Status,
)
from bucketlink.store import integrations, projects
from bucketlink.sync.selection import Selector

mutation = MutationType()
Data = dict[str, Any]

SECRETS = ("s3AccessKey", "s3SecretKey", "s3SessionToken")
_BUCKET_FIELD = {
    Platform.AWS: "s3BucketName",
    Platform.CUSTOM_S3: "s3BucketName",
    Platform.GCP: "gcpBucketName",
    Platform.AZURE: "azureConnectionURL",
    Platform.FOLDER: "folderPath",
}
_PLATFORMS_OF = {
    "aws": {Platform.AWS},
    "azure": {Platform.AZURE},
    "gcp": {Platform.GCP},
    "s3": {Platform.AWS, Platform.CUSTOM_S3},
    "folder": {Platform.FOLDER},
}
"""Where fields belong whose names start so."""
_NOT_YET = ("awsAccessPointARN", "awsRoleARN", "awsRoleExternalId")


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
        raise InvalidInput("platform is missing: give AWS, CustomS3 or Folder.")
    _check_platform(platform, data)
    name = nameable(data.get("name"), "name")
    address = _address(platform, data)
    validate_address(address, context(info).home.settings)
    credentials = _credentials(data)

    restriction = _restriction(data.get("allowedPaths"), bool(data.get("includeRootFiles")))
    context(info).read(lambda tx: _allowed_projects(tx, info, data.get("allowedProjects")))
    readable = was_answered(info) or _is_readable(info, address, credentials)

    def act(tx: Transaction) -> str:
        made = integrations.add(
            tx,
            context(info).home.sealer,
            caller.organization_id,
            name=name,
            address=address,
            restriction=restriction,
            allowed_projects=_allowed_projects(tx, info, data.get("allowedProjects")),
            credentials=credentials,
            internal_processing_authorized=bool(data.get("internalProcessingAuthorized")),
            checked=readable,
        )
        if not readable:
            requests.check(tx, made, caller)
        return str(made.id)

    return shapes.integration(_load(info, int(once(info, act))))


def _is_readable(info: Info, address: BucketAddress, credentials: Credentials) -> bool:
    """Try to read a bucket, for as long as the answer can wait; raises BucketError where it cannot be read."""
    settings = context(info).home.settings
    tried: Future[None] = Future()

    def attempt() -> None:
        try:
            with closing(open_bucket(address, credentials, settings)) as reader:
                reader.check()
            tried.set_result(None)
        except Exception as error:  # noqa: BLE001 - raised by whoever waits for it
            tried.set_exception(error)

    with context(info).patient() as patience:
        if not patience:
            return False
        Thread(target=attempt, daemon=True).start()
        try:
            tried.result(patience)
        except TimeoutError:
            return False
    return True


@mutation.field("updatePropertiesInDataIntegration")
def resolve_update(_: object, info: Info, data: Data, where: Data) -> Shape:
    """Change what is given of an integration, and check it anew; a field that is missing or null stays."""
    context(info).administrate()
    caller = context(info).caller
    _check_organization(info, data)

    def act(tx: Transaction) -> str:
        before = _named(tx, info, where)
        given = {name: value for name, value in data.items() if value is not None}
        platform = Platform(given.get("platform", before.address.platform))
        _check_platform(platform, given)
        address = _address(platform, {**_addressed(before), **given})
        validate_address(address, context(info).home.settings)
        changed = integrations.change(
            tx,
            context(info).home.sealer,
            before,
            name=nameable(given.get("name", before.name), "name"),
            address=address,
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
            credentials=_changed_credentials(tx, info, before, given),
        )
        requests.check(tx, changed, caller)
        return str(changed.id)

    number = int(once(info, act))
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


def _check_platform(platform: Platform, given: Data) -> None:
    """Raise InvalidInput for a field that means nothing on this platform."""
    for name, value in given.items():
        for start, platforms in _PLATFORMS_OF.items():
            if value and name.startswith(start) and platform not in platforms:
                raise InvalidInput(f"{name} means nothing on platform {platform}: leave it out.")


def _address(platform: Platform, data: Data) -> BucketAddress:
    for name in _NOT_YET:
        if data.get(name):
            raise InvalidInput(f"{name} is not supported in this release yet: give a pair of keys instead.")
    field = _BUCKET_FIELD[platform]
    bucket = data.get(field) or ""
    if not bucket:
        raise InvalidInput(f"{field} is missing, which platform {platform} needs.")
    if platform is Platform.FOLDER:
        return BucketAddress(platform, bucket)
    return BucketAddress(platform, bucket, data.get("s3Endpoint") or None, data.get("s3Region") or None)


def _addressed(before: Integration) -> Data:
    address = before.address
    return {
        _BUCKET_FIELD[address.platform]: address.bucket,
        "s3Endpoint": address.endpoint,
        "s3Region": address.region,
    }


def _credentials(data: Data) -> Credentials:
    access, secret, token = (data.get(name) or None for name in SECRETS)
    if bool(access) != bool(secret):
        missing = "s3SecretKey" if access else "s3AccessKey"
        raise InvalidInput(f"{missing} is missing: give both keys, or neither for anonymous access.")
    if token and not access:
        raise InvalidInput("s3SessionToken goes with temporary keys: give s3AccessKey and s3SecretKey too.")
    return Credentials(access, secret, token)


def _restriction(paths: Sequence[str] | None, include_root_files: bool) -> Restriction:
    restriction = Restriction(None if paths is None else tuple(map(key_text, paths)), include_root_files)
    Selector(Selection(), restriction)
    return restriction


def _changed_credentials(tx: Transaction, info: Info, before: Integration, given: Data) -> Credentials | None:
    """Given secrets beside those that stay; None if all stay. A new access key drops an earlier session token."""
    if not any(given.get(name) for name in SECRETS):
        return None
    stored = integrations.credentials(tx, context(info).home.sealer, before)
    token = None if given.get("s3AccessKey") else stored.session_token
    kept = dict(zip(SECRETS, (stored.access_key, stored.secret_key, token), strict=True))
    return _credentials({**kept, **{name: given[name] for name in SECRETS if given.get(name)}})


def _allowed_projects(tx: Transaction, info: Info, given: list[str] | None) -> tuple[int, ...] | None:
    if given is None:
        return None
    numbers = tuple(Noun.PROJECT.number(one) for one in given)
    for number in numbers:
        projects.get(tx, context(info).caller.organization_id, number)
    return numbers

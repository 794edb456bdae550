"""URLs by which an asset's object can be read: minted when they are asked for, short-lived, never stored.

Where the platform can sign one with the integration's credentials and without giving them away, that is the URL.
Otherwise it is one of this server's own, which reads the object itself; it holds what it opens, until when, and a seal.
"""

import base64
import struct
from dataclasses import dataclass
from urllib.parse import quote

from bucketlink.api.context import Context
from bucketlink.api.readers import Readers
from bucketlink.buckets import Content
from bucketlink.errors import BucketError, BucketlinkError, BucketRefused, InvalidInput, NotAllowed, NotFound
from bucketlink.home import Home
from bucketlink.model import Asset, Integration, Platform, Role, Selection
from bucketlink.store import assets, integrations
from bucketlink.store.assets import AssetFilter
from bucketlink.store.database import now
from bucketlink.sync import media
from bucketlink.sync.selection import Selector

URL_SECONDS = 3600
"""For how long a URL holds at most."""
PATH = "/api/label/v2/content"
_TICKET = struct.Struct(">QQQQ")
_UNKNOWN = "application/octet-stream"
_NOTHING_TO_READ_BY = "The integration holds nothing to read objects by: give azureSASToken or azureAccountKey."


@dataclass(frozen=True, slots=True)
class Location:
    """Where an asset's object can be read; without a URL, why not."""

    url: str | None = None
    expires_at: int | None = None
    reason: str | None = None


def locate(asked: Context, asset: Asset, integration: Integration) -> Location:
    """Where the asset's object can be read, for an hour at most."""
    selector = asked.remember("selector", integration.id, lambda: Selector(Selection(), integration.restriction))
    try:
        _check_open(asset, integration, selector)
        signed = asked.readers.signed_url(integration, asset.key, URL_SECONDS)
    except BucketlinkError as error:
        return Location(reason=str(error))
    if signed is not None:
        return Location(signed.url, signed.expires_at)
    access = integration.access
    if access.client_lists and not (
        access.server_identity
        or asked.load("credentials", integration.id, lambda tx: integrations.has_credentials(tx, integration))
    ):
        return Location(reason=_NOTHING_TO_READ_BY)
    if asked.base_url is None:
        return _without_server(asset, integration)
    expires_at = now() + URL_SECONDS * 1000
    ticket = _TICKET.pack(asked.caller.organization_id, asset.project_id, asset.id, expires_at)
    token = base64.urlsafe_b64encode(ticket + asked.home.sealer.sign(ticket)).decode().rstrip("=")
    return Location(f"{asked.base_url}{PATH}/{token}", expires_at)


def _without_server(asset: Asset, integration: Integration) -> Location:
    if integration.address.platform is Platform.FOLDER:
        return Location(f"file://{quote(integration.address.bucket)}/{quote(asset.key)}")
    return Location(
        reason="A URL of this object would give the integration's secret away, so that a server has to hand it on: "
        "start one with `bucketlink serve`, and ask there."
    )


def _check_open(asset: Asset, integration: Integration, selector: Selector) -> None:
    """Raise NotAllowed or BucketRefused where the asset's object is not to be read, or cannot be, as it is."""
    if not selector.takes(asset.key):
        raise NotAllowed("The object lies outside of the paths that its integration allows: synchronize, or allow it.")
    allowed = integration.allowed_projects
    if allowed is not None and asset.project_id not in allowed:
        raise NotAllowed("The object's integration is not allowed in this project: allow it there.")
    # Clients that list a container do not tell of archives, so that what was known may be true no more.
    if asset.archived is not None and not integration.access.client_lists:
        raise BucketRefused(
            f"The object is archived ({asset.archived}) and must be restored before it can be read: restore it in its "
            "bucket, then synchronize."
        )


def listing_token(asked: Context, integration: Integration) -> str | None:
    """What clients list the container by, where it is they who list it: made for the purpose where that can be.

    It opens the whole container: where the integration allows less than that, only an administrator is answered it.
    A token that is stored is answered as it is, since no other can be made of it, and only to an administrator too.
    """
    is_administrator = asked.caller.role is Role.ADMIN
    allows_less = integration.restriction.allowed_paths is not None or integration.allowed_projects is not None
    if not integration.access.client_lists or (allows_less and not is_administrator):
        return None
    try:
        minted = asked.readers.listing_token(integration, URL_SECONDS)
    except BucketlinkError:
        minted = None
    if minted is not None or not is_administrator:
        return minted
    return asked.read(lambda tx: integrations.credentials(tx, asked.home.sealer, integration)).sas_token


@dataclass(frozen=True, slots=True)
class Opened:
    """An asset's object, open for reading."""

    content: Content
    media_type: str


def open_content(
    home: Home, readers: Readers, token: str, first: int, last: int | None, tail: int | None = None
) -> Opened:
    """Open what one of the server's own URLs names, as `open_asset`.

    Raises:
        NotAllowed: the token is none of this server's, or its time is over, or the object is not to be read any more.
        NotFound, BucketError, InvalidInput: as `open_asset`.

    """
    organization_id, project_id, asset_id = _opened_token(home, token)
    return open_asset(home, readers, organization_id, project_id, asset_id, first, last, tail)


def open_asset(
    home: Home,
    readers: Readers,
    organization_id: int,
    project_id: int,
    asset_id: int,
    first: int = 0,
    last: int | None = None,
    tail: int | None = None,
) -> Opened:
    """Open the object of an asset of the organization, or as many of its last bytes as ``tail`` says.

    Raises:
        NotAllowed: the object is not to be read.
        NotFound: there is no such asset any more, or no such object.
        BucketError: the bucket cannot be read.
        InvalidInput: the first byte lies behind the end.

    """
    with home.database.read() as tx:
        found = assets.find(tx, organization_id, project_id, AssetFilter(ids=[asset_id]))
        if not found:
            raise NotFound("The asset is not in its project any more: ask for the project's assets again.")
        integration = integrations.get(tx, organization_id, found[0].integration_id)
    asset = found[0]
    _check_open(asset, integration, Selector(Selection(), integration.restriction))
    try:
        reader = readers.of(integration)
    except InvalidInput as error:
        raise BucketError(str(error)) from error
    if tail is not None and asset.size >= 0:
        first = max(asset.size - tail, 0)
    content = reader.read(asset.key, first, last)
    if content is None:
        raise NotFound("The object is not in its bucket any more: synchronize.")
    told = content.content_type or asset.content_type or media.of_extension(asset.key) or _UNKNOWN
    return Opened(content, told)


def _opened_token(home: Home, token: str) -> tuple[int, int, int]:
    try:
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        ticket, seal = sealed[: _TICKET.size], sealed[_TICKET.size :]
        organization_id, project_id, asset_id, expires_at = _TICKET.unpack(ticket)
    except (ValueError, struct.error):
        raise NotAllowed(_NO_TICKET) from None
    if not home.sealer.signed(ticket, seal):
        raise NotAllowed(_NO_TICKET)
    if expires_at < now():
        raise NotAllowed("The URL's time is over: ask for the asset again.")
    return organization_id, project_id, asset_id


_NO_TICKET = "The URL is none of this server's: ask for the asset again."

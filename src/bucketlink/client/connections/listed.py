"""Listing a container of Azure here, where the integration uses service credentials, and sending what was found.

The server then lists nothing itself. It is asked for the token to list by; where it answers none, this machine's own
identity lists, workload or managed, by the library that the extra for Azure brings.
"""

from contextlib import closing

from bucketlink.buckets import BucketReader, open_bucket
from bucketlink.buckets.azure_address import split_url
from bucketlink.client.graphql.queries import CONNECTION, mutation, query
from bucketlink.client.graphql.wire import Wire
from bucketlink.client.log import tell
from bucketlink.client.types import Row
from bucketlink.errors import InvalidInput
from bucketlink.model import Access, BucketAddress, Credentials, InputType, Platform, Restriction, Selection
from bucketlink.notices import Kind, Notice, counted, merged, of_left_out
from bucketlink.settings import Settings
from bucketlink.spans import Page, Scan
from bucketlink.sync import media
from bucketlink.sync.selection import Selector

_INTEGRATION = ("azureConnectionURL", "azureSASToken", "allowedPaths", "includeRootFiles")
_SELECTION = ("projectId", "selectedFolders", "prefix", "include", "exclude")
_PROJECT = query("projects", {"where": "ProjectWhere!", "first": "PageSize!", "skip": "Int!"}, ("inputType",))
_SEND = mutation("computeDifferences", {**CONNECTION, "data": "DataConnectionComputeDifferencesPayload"}, ("id",))


def send_listing(wire: Wire, connection_id: str) -> None:
    """List a connection's container, and have its differences computed on that.

    Raises:
        InvalidInput: there is nothing to list by; the sentence says what to install, or whom to ask.
        BucketError: the container cannot be listed.

    """
    connection = wire.connection(connection_id, (*_SELECTION, *(f"dataIntegration.{name}" for name in _INTEGRATION)))
    projects = wire.ask(_PROJECT, where={"id": connection["projectId"]}, first=1, skip=0)
    found = _listing(connection, InputType(projects[0]["inputType"]))
    tell("Found %d object(s) of connection %s in its container.", len(found["blobPaths"]), connection_id)
    wire.ask(_SEND, where={"id": connection_id}, data=found)


def _listing(connection: Row, input_type: InputType) -> Row:
    integration = connection["dataIntegration"]
    selector = Selector(
        Selection(
            None if connection["selectedFolders"] is None else tuple(connection["selectedFolders"]),
            connection["prefix"],
            tuple(connection["include"] or ()),
            tuple(connection["exclude"] or ()),
        ),
        Restriction(
            None if integration["allowedPaths"] is None else tuple(integration["allowedPaths"]),
            bool(integration["includeRootFiles"]),
        ),
    )
    paths: dict[str, str] = {}
    notices = selector.notices()
    seen: list[str] = []
    with closing(_open(integration)) as reader:
        for span in selector.spans():
            if span.scan is Scan.NOTHING:
                continue
            for page in reader.pages(prefix=span.prefix, root_files=span.scan is Scan.ROOT_FILES):
                if len(page) and span.scan is Scan.OBJECTS and span.prefix not in seen[-1:]:
                    seen.append(span.prefix)
                notices = merged([*notices, *of_left_out(page.left_out), *_take(page, selector, input_type, paths)])
    told = [one.on_the_wire for one in [*notices, *selector.unseen(seen)]]
    return {"blobPaths": list(paths), "contentTypes": list(paths.values()), "warnings": told}


def _take(page: Page, selector: Selector, input_type: InputType, paths: dict[str, str]) -> list[Notice]:
    """Add what is taken of a page to the paths; answers what to tell of the rest."""
    untold, others = [], []
    told = page.content_types or [None] * len(page)
    for key, size, content_type in zip(page.keys, page.sizes, told, strict=True):
        if (size == 0 and key.endswith("/")) or not selector.takes(key):
            continue
        known = media.of_object(content_type, key)
        if known is None:
            untold.append(key)
        elif not media.accepts(input_type, known):
            others.append(key)
        else:
            paths[key] = known
    return [*counted(Kind.NO_CONTENT_TYPE, untold), *counted(Kind.OTHER_CONTENT_TYPE, others)]


def _open(integration: Row) -> BucketReader:
    url, token = integration["azureConnectionURL"], integration["azureSASToken"]
    if not url:
        raise InvalidInput("The integration has no azureConnectionURL, so that its container cannot be listed.")
    endpoint, container, _ = split_url(url)
    # It is this machine that lists, for its own user: its network and its identities are theirs.
    settings = Settings(allow_private_endpoints=True, server_identities=(Platform.AZURE,))
    return open_bucket(
        BucketAddress(Platform.AZURE, container or "", endpoint),
        Credentials(sas_token=token),
        settings,
        access=Access(server_identity=not token),
    )

"""Where an Azure container is: what a user gave, checked, and turned into the place that requests go to.

An account is a part of the host's name (``https://account.blob.core.windows.net``), or, with emulators and servers that
are known by an address alone, the first part of the path (``http://127.0.0.1:10000/devstoreaccount1``).
"""

import ipaddress
import re
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, unquote

from bucketlink.buckets.reach import Origin
from bucketlink.buckets.urls import parsed
from bucketlink.errors import InvalidInput
from bucketlink.model import BucketAddress, Platform

CONTAINER = re.compile(r"(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*|\$root|\$web|\$logs|\$blobchangefeed")
ACCOUNT = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
CLOUDS = {
    "core.windows.net": None,
    "storage.azure.net": None,
    "core.chinacloudapi.cn": "login.chinacloudapi.cn",
    "core.usgovcloudapi.net": "login.microsoftonline.us",
}
"""Ends of the hosts of Azure's own clouds, and who signs in there; None is the public one, or the environment's."""

EMULATOR = "http://127.0.0.1:10000/devstoreaccount1"
EMULATOR_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The key of every emulator's account, known to everybody."""

_EXAMPLE = "https://account.blob.core.windows.net"
_URL = "azureConnectionURL must be a container's URL, such as https://account.blob.core.windows.net/container"
_STRING = "azureConnectionString must be a storage account's connection string, as Azure shows it under Access keys"


@dataclass(frozen=True, slots=True)
class AzurePlace:
    """Where requests for one container go.

    Attributes:
        origin: the host.
        base: the path of the account there, empty where the host's name holds the account.
        account: the account's name.
        container: the container's name.

    """

    origin: Origin
    base: str
    account: str
    container: str

    @property
    def path(self) -> str:
        """The container's path, no slash at its end."""
        return f"{self.base}/{self.container}"

    @property
    def cloud(self) -> str | None:
        """The end of the host's name by which it is Azure's own, None elsewhere."""
        return _cloud(self.origin.host) if self.origin.scheme == "https" else None


def place(address: BucketAddress) -> AzurePlace:
    """The place of a container.

    Raises:
        InvalidInput: container or account URL are missing or cannot be meant.

    """
    if not address.endpoint:
        raise InvalidInput(f"An Azure integration needs the URL of its storage account, such as {_EXAMPLE}.")
    if not CONTAINER.fullmatch(address.bucket):
        raise InvalidInput(
            "The container must be named as in Azure: 3 to 63 small letters, digits and single hyphens, or $root, $web."
        )
    parts, origin = _parsed(address.endpoint, "The storage account's URL")
    if parts.query or "?" in address.endpoint:
        raise InvalidInput("The storage account's URL must not hold a query; give a SAS token as azureSASToken.")
    segments = [part for part in parts.path.split("/") if part]
    if len(segments) > (0 if _cloud(origin.host) else 1):
        raise InvalidInput(f"The storage account's URL must not hold the container; it should look like {_EXAMPLE}.")
    account = segments[0] if segments else _account(origin.host)
    if not ACCOUNT.fullmatch(account):
        raise InvalidInput(
            f"The URL does not name a storage account; it should look like {_EXAMPLE}, or {EMULATOR} for an emulator."
        )
    return AzurePlace(origin, f"/{account}" if segments else "", account, address.bucket)


def split_url(text: str) -> tuple[str, str | None, str | None]:
    """Account URL, container and SAS token of an account's or container's URL, or of a "Blob SAS URL" of the portal.

    Raises:
        InvalidInput: it is none; what was given is not quoted, since it may hold a token.

    """
    parts, origin = _parsed(text.strip(), "azureConnectionURL", f"{_EXAMPLE}/container")
    segments = [unquote(part) for part in parts.path.split("/") if part]
    depth = 0 if _cloud(origin.host) or (_account(origin.host) and len(segments) < 2) else 1
    if len(segments) > depth + 1:
        raise InvalidInput(f"{_URL}; what stands behind the container is too much. Select folders in the connection.")
    accounts, containers = segments[:depth], segments[depth:]
    if len(accounts) < depth or not all(map(ACCOUNT.fullmatch, accounts)):
        raise InvalidInput(f"{_URL}; it does not name a storage account.")
    if not all(map(CONTAINER.fullmatch, containers)):
        raise InvalidInput(f"{_URL}; this container's name cannot be one.")
    return "/".join((str(origin), *accounts)), containers[0] if containers else None, _sas(parts.query)


def split_connection_string(text: str) -> tuple[str, str | None, str | None]:
    """Account URL, account key and SAS token of a storage account's connection string.

    Raises:
        InvalidInput: it is none; what was given is not quoted, since it holds secrets.

    """
    pairs = [part.partition("=") for part in text.strip().split(";") if part.strip()]
    given = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if len(given) != len(pairs) or not all(given.values()):
        raise InvalidInput(f"{_STRING}.")
    if given.get("usedevelopmentstorage", "").lower() == "true":
        return EMULATOR, EMULATOR_KEY, None
    key, sas, account = given.get("accountkey"), given.get("sharedaccesssignature"), given.get("accountname")
    endpoint = given.get("blobendpoint")
    if endpoint is None:
        if not account:
            raise InvalidInput(f"{_STRING}; AccountName or BlobEndpoint is missing.")
        scheme = given.get("defaultendpointsprotocol", "https").lower()
        endpoint = f"{scheme}://{account}.blob.{given.get('endpointsuffix', 'core.windows.net')}"
    try:
        _, origin = _parsed(endpoint, "BlobEndpoint")
        found = place(BucketAddress(Platform.AZURE, "container", endpoint))
    except InvalidInput as error:
        raise InvalidInput(f"{_STRING}. {error}") from None
    if key and account and found.account != account:
        raise InvalidInput(f"{_STRING}; its BlobEndpoint must be the account's own, not a domain of yours.")
    return f"{origin}{found.base}", key, sas and sas.lstrip("?")


def _parsed(text: str, field: str, example: str = _EXAMPLE) -> tuple[SplitResult, Origin]:
    """A URL's parts and its origin, with the host for blobs where that for a file system was given."""
    origin, parts = parsed(text, field, example)
    if _cloud(origin.host):
        origin = replace(origin, host=origin.host.replace(".dfs.", ".blob.", 1))
    return parts, origin


def _cloud(host: str) -> str | None:
    """By which of Azure's own ends a host's name ends, if blobs, or a file system of them, are served there."""
    labels = host.split(".")
    return next((end for end in CLOUDS if host.endswith(f".{end}") and {"blob", "dfs"} & set(labels[1:])), None)


def _account(host: str) -> str:
    """The account that a host's name holds; empty where the host is an address, or a name of a single part."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        first, _, rest = host.partition(".")
        return first.removesuffix("-secondary") if rest else ""
    return ""


def _sas(query: str) -> str | None:
    """The SAS token of a query, without what asks for a listing."""
    parts = [part for part in query.split("&") if part.partition("=")[0].lower() not in {"restype", "comp", ""}]
    if not parts:
        return None
    if not any(part.startswith("sig=") for part in parts):
        raise InvalidInput(f"{_URL}; its query is no SAS token.")
    return "&".join(parts)

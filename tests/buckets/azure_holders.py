"""Containers on Azurite, for the conformance suite."""

import base64
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from bucketlink.buckets import BucketReader, open_bucket
from bucketlink.buckets.azure import AzureReader
from bucketlink.buckets.azure_address import AzurePlace, place
from bucketlink.buckets.azure_sign import service_sas
from bucketlink.buckets.reach import Patience
from bucketlink.model import Access, BucketAddress, Credentials, Platform
from tests.buckets.holders import (
    ANONYMOUS,
    CANARY,
    EXPIRED,
    IMPATIENT,
    NOT_PERMITTED,
    UNKNOWN_KEY,
    WRONG_SECRET,
    Holder,
    Refused,
    settings,
)
from tests.servers import azurite
from tests.servers.azurite import Azurite

CLOUD = BucketAddress(Platform.AZURE, "photos", "https://pets.blob.core.windows.net")
"""A container of Azure itself, which no test asks."""

_numbers = count(1)


def azure_reader(
    endpoint: str,
    container: str,
    credentials: Credentials,
    *,
    access: Access | None = None,
    patience: Patience = IMPATIENT,
    **values: object,
) -> BucketReader:
    """A reader of a container; ``values`` are settings."""
    address = BucketAddress(Platform.AZURE, container, endpoint)
    return open_bucket(address, credentials, settings(**values), access=access or Access(), patience=patience)


def at(server: Azurite, container: str) -> AzurePlace:
    """Where a container of Azurite is."""
    return place(BucketAddress(Platform.AZURE, container, server.endpoint))


def container_sas(server: Azurite, container: str, *, seconds: float = 600, key: str | None = None) -> str:
    """A SAS token to list and read a container, by the server's key or another one."""
    expires_at = int((time.time() + seconds) * 1000)
    return service_sas(at(server, container), None, expires_at, base64.b64decode(key or server.key))


class AzuriteHolder(Holder):
    """A container on Azurite."""

    def __init__(self, server: Azurite, stack: ExitStack) -> None:
        name = f"conformance-{next(_numbers)}"
        self._server = server
        self._container = stack.enter_context(server.container(name))
        self._key = Credentials(account_key=server.key)
        self.reader = reader = azure_reader(server.endpoint, name, self._key)
        assert isinstance(reader, AzureReader)
        reader.page_keys = self.page_keys
        self.missing = azure_reader(server.endpoint, f"{name}-missing", self._key)
        stack.callback(self.reader.close)
        stack.callback(self.missing.close)

    def put(self, objects: Mapping[str, bytes], *, content_type: str | None = None) -> None:
        self._container.put_many(objects, content_type=content_type)

    def delete(self, key: str) -> None:
        self._container.delete(key)

    def unfit(self, key: str) -> str | None:
        return azurite.unfit(key)

    def refused(self, how: str) -> Refused | None:
        server, name = self._server, self._container.name
        other = base64.b64encode(CANARY.encode()).decode()
        sas = container_sas(server, name)
        credentials, says = {
            WRONG_SECRET: (Credentials(sas_token=f"{sas.partition('&sig=')[0]}&sig={CANARY}"), "azureSASToken"),
            UNKNOWN_KEY: (Credentials(account_key=other), "azureAccountKey"),
            NOT_PERMITTED: (Credentials(sas_token=service_sas_for_a_blob(server, name)), r"read and list \(rl\)"),
            EXPIRED: (
                Credentials(sas_token=container_sas(server, name, seconds=-90)),
                "azureSASToken has expired on ",
            ),
            ANONYMOUS: (Credentials(), "not open to everybody|to everybody"),
        }[how]
        return Refused(azure_reader(server.endpoint, name, credentials), says)

    def put_archived(self, key: str) -> str | None:
        self._container.put(key, b"x", tier="Archive")
        return "Archive"


def service_sas_for_a_blob(server: Azurite, container: str) -> str:
    """A SAS token to read one blob, and nothing else."""
    expires_at = int((time.time() + 600) * 1000)
    return service_sas(at(server, container), "a.jpg", expires_at, base64.b64decode(server.key))


def _on_azurite(stack: ExitStack, _: Path, request: pytest.FixtureRequest) -> Holder:
    return AzuriteHolder(request.getfixturevalue("azurite"), stack)


KINDS: dict[str, Callable[[ExitStack, Path, pytest.FixtureRequest], Holder]] = {"Azure on Azurite": _on_azurite}

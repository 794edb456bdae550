"""Azure's credentials taken away, on Azurite, and on the page server for what that does not have."""

import base64
import hashlib
import hmac
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast
from urllib.parse import quote

import pytest
import trustme

from bucketlink.buckets.azure_sign import VERSION
from tests.api.buckets import ACCOUNT_KEY, azure
from tests.api.taken import NOTHING, End, Fields, Make, Mend, Taken, numbers
from tests.servers import azurite as azure_server
from tests.servers.azure_login import Login
from tests.servers.azurite import Azurite, Container
from tests.servers.pages import Faults, PageServer


@dataclass(frozen=True, slots=True)
class OnAzure:
    """A container on Azurite."""

    container: Container

    def set_policy(self, permissions: str, *, days: float = 1, name: str = "reading", public: bool = False) -> None:
        """Have the container keep this one stored access policy."""
        until = (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
        held = f"<AccessPolicy><Expiry>{until}</Expiry><Permission>{permissions}</Permission></AccessPolicy>"
        policy = f"<SignedIdentifier><Id>{name}</Id>{held}</SignedIdentifier>"
        body = f'<?xml version="1.0" encoding="utf-8"?><SignedIdentifiers>{policy}</SignedIdentifiers>'.encode()
        headers = {"x-ms-blob-public-access": "container"} if public else {}
        self.container._send("PUT", f"{self.container._at.path}?restype=container&comp=acl", body, headers)

    def sas(self, *, policy: str = "", permissions: str = "", seconds: float = 600) -> str:
        """A SAS token that holds by a stored access policy, or by what it says itself."""
        at = self.container._at
        until = "" if policy else (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
        signed = [permissions, "", until, f"/blob/{at.account}/{at.container}", policy, "", "", VERSION, "c"]
        digest = hmac.new(self.container._key, "\n".join([*signed, *[""] * 7]).encode(), hashlib.sha256).digest()
        fields = {"sv": VERSION, "sr": "c", "sp": permissions, "se": until, "si": policy}
        given = {**fields, "sig": base64.b64encode(digest).decode()}
        return "&".join(f"{name}={quote(value, safe='')}" for name, value in given.items() if value)

    def data(self, **fields: object) -> Fields:
        """What registers the container."""
        url = f"{self.container.endpoint}/{self.container.name}"
        return {"name": self.container.name, "platform": "Azure", "azureConnectionURL": url, **fields}

    def taken(self, end: End, mend: Mend, says: str, **fields: object) -> Taken:
        return Taken(self.data(**fields), self.put, self.container.delete, end, mend, says)

    def put(self, key: str) -> None:
        """Write an object."""
        self.container.put(key, b"x", content_type="image/jpeg")


def on_azure(request: pytest.FixtureRequest, server: Azurite | None = None) -> OnAzure:
    """A new container, whose policy ``reading`` lets read and list."""
    azurite = server or cast(Azurite, request.getfixturevalue("azurite"))
    container = azurite.container(f"taken-{next(numbers)}")
    request.addfinalizer(container.close)
    on = OnAzure(container)
    on.set_policy("rl")
    return on


REVOKED = "azureSASToken .*revoked"


def _policy_removed(request: pytest.FixtureRequest) -> Taken:
    on = on_azure(request)
    mend = lambda: {"azureSASToken": on.sas(policy="another")}  # noqa: E731
    end = lambda: on.set_policy("rl", name="another")  # noqa: E731
    return on.taken(end, mend, REVOKED, azureSASToken=on.sas(policy="reading"))


def _policy_expired(request: pytest.FixtureRequest) -> Taken:
    on = on_azure(request)

    def mend() -> Fields:
        on.set_policy("rl")
        return NOTHING

    return on.taken(lambda: on.set_policy("rl", days=-1), mend, REVOKED, azureSASToken=on.sas(policy="reading"))


def _policy_narrowed(request: pytest.FixtureRequest) -> Taken:
    on = on_azure(request)

    def mend() -> Fields:
        on.set_policy("rl")
        return NOTHING

    says = r"does not let azureSASToken list .*; make one for it with the permissions read and list \(rl\)"
    return on.taken(lambda: on.set_policy("r"), mend, says, azureSASToken=on.sas(policy="reading"))


def _container_made_private(request: pytest.FixtureRequest) -> Taken:
    on = on_azure(request)
    on.set_policy("rl", public=True)
    says = "to everybody"
    return on.taken(lambda: on.set_policy("rl"), lambda: {"azureAccountKey": on.container.server.key}, says)


def _account_key_regenerated(request: pytest.FixtureRequest) -> Taken:
    server = PageServer().start()
    request.addfinalizer(server.stop)

    def end() -> None:
        server.faults = Faults(status=403, code="AuthenticationFailed")

    def mend() -> Fields:
        server.faults = Faults()
        return {"azureAccountKey": base64.b64encode(b"the account's second key").decode()}

    says = "azureAccountKey is no key of the account devstoreaccount1; give a present one"
    return Taken(azure(server, azureAccountKey=ACCOUNT_KEY), server.put, server.delete, end, mend, says)


def _client_secret_expired(request: pytest.FixtureRequest) -> Taken:
    if not azure_server.available():
        pytest.skip("Azurite is not installed; tests/servers/install_azurite.sh installs it")
    patch = cast(pytest.MonkeyPatch, request.getfixturevalue("monkeypatch"))
    directory = cast(Path, request.getfixturevalue("tmp_path"))
    ca, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority, certificate = directory / "authority.pem", directory / "server.pem"
    ca.cert_pem.write_to_path(str(authority))
    issued = ca.issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(str(certificate))
    issued.configure_cert(context)
    patch.setenv("SSL_CERT_FILE", str(authority))
    server = Azurite(certificate=certificate, authority=ca.cert_pem.bytes().decode()).start()
    request.addfinalizer(server.stop)
    client, first, second = "aaaaaaaa-1111-2222-3333-444444444444", "the~first~secret", "the~second~secret"
    login = Login(context, clients={client: first})
    login.__enter__()
    request.addfinalizer(lambda: login.__exit__(None, None, None))
    patch.setenv("AZURE_AUTHORITY_HOST", login.authority)

    def mend() -> Fields:
        login.clients[client] = second
        return {"azureClientSecret": second}

    fields = {"azureTenantId": login.tenant, "azureClientId": client, "azureClientSecret": first}
    says = "azureClientSecret has expired; make a new one and give that"
    return on_azure(request, server).taken(lambda: login.expired.add(first), mend, says, **fields)


WAYS: dict[str, Make] = {
    "Azure: policy of the SAS removed": _policy_removed,
    "Azure: policy of the SAS expired": _policy_expired,
    "Azure: policy of the SAS narrowed": _policy_narrowed,
    "Azure: made private": _container_made_private,
    "Azure: account key regenerated": _account_key_regenerated,
    "Azure: client secret expired": _client_secret_expired,
}

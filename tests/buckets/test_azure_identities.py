"""Service principals and the server's own identity, against Azurite over TLS and a stand-in for who signs in."""

import base64
import http.client
import logging
import socket
import ssl
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
import trustme
from azure.core.credentials import AccessToken

from bucketlink.buckets import BucketReader
from bucketlink.buckets.azure import AzureReader
from bucketlink.buckets.azure_address import place
from bucketlink.buckets.azure_errors import Means
from bucketlink.buckets.azure_sign import DelegationKey
from bucketlink.buckets.azure_tokens import Tokens, own_identity
from bucketlink.buckets.http import Answer, Http, Request
from bucketlink.buckets.reach import Origin
from bucketlink.errors import BucketMisbehaved, BucketRefused, BucketUnreachable, InvalidInput, NotAllowed
from bucketlink.model import Access, BucketAddress, Credentials, Platform
from tests.buckets.azure_holders import azure_reader
from tests.buckets.hard_keys import HARD_KEYS
from tests.buckets.holders import CANARY, IMPATIENT, keys_of, settings
from tests.servers import azurite as azure_server
from tests.servers.azure_login import Login
from tests.servers.azurite import Azurite, Container

CLIENT = "aaaaaaaa-1111-2222-3333-444444444444"
SECRET = f"secret~{CANARY}"
HELD = [key for key in {"a//b", *HARD_KEYS} if azure_server.unfit(key) is None]


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def secure(ca: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    if not azure_server.available():
        pytest.skip("Azurite is not installed; tests/servers/install_azurite.sh installs it")
    file = tmp_path_factory.mktemp("certificate") / "server.pem"
    ca.issue_cert("127.0.0.1", "bucketlink.blob.core.windows.net").private_key_and_cert_chain_pem.write_to_path(file)
    with Azurite(certificate=file, authority=ca.cert_pem.bytes().decode()) as server:
        yield server


@pytest.fixture
def login(ca: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> Iterator[Login]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    with Login(context, clients={CLIENT: SECRET}) as server:
        monkeypatch.setenv("AZURE_AUTHORITY_HOST", server.authority)
        yield server


@pytest.fixture(scope="module")
def container(secure: Azurite) -> Iterator[Container]:
    with secure.container("identities") as container:
        container.put_many({key: key.encode() for key in HELD})
        yield container


def principal(
    container: Container, login: Login, secret: str = SECRET, *, tenant_id: str | None = None, client_id: str = CLIENT
) -> BucketReader:
    access = Access(
        tenant_id=tenant_id or login.tenant, client_id=client_id, ca_certificates=container.server.authority
    )
    return azure_reader(container.endpoint, container.name, Credentials(client_secret=secret), access=access)


def test_a_service_principal_lists_with_one_token(container: Container, login: Login) -> None:
    reader = principal(container, login)
    assert reader.check() is not None
    assert len(keys_of(reader.pages())) == len(HELD)
    assert reader.content_type("a//b") == "application/octet-stream"
    content = reader.read("a//b")
    assert content is not None
    assert b"".join(content.parts) == b"a//b"
    assert login.answered == ["token"]
    reader.close()


def test_a_token_is_renewed_before_it_ends(container: Container, login: Login) -> None:
    login.seconds = 200  # which is less than is asked of a token that is to be used
    reader = principal(container, login)
    reader.check()
    reader.check()
    assert login.answered == ["token", "token"]
    reader.close()


@pytest.mark.parametrize(
    ("access", "secret", "says"),
    [
        ({}, f"wrong~{CANARY}", "^azureClientSecret is wrong"),
        ({}, f"old~{CANARY}", "^azureClientSecret has expired"),
        ({"client_id": "bbbbbbbb-1111-2222-3333-444444444444"}, SECRET, "no application of azureClientId"),
        ({"tenant_id": "nowhere.example.com"}, SECRET, "no tenant azureTenantId"),
    ],
)
def test_who_cannot_sign_in_is_told_which_field_to_mend(
    container: Container,
    login: Login,
    access: dict[str, str],
    secret: str,
    says: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    login.expired.add(f"old~{CANARY}")
    reader = principal(container, login, secret, **access)
    with caplog.at_level(logging.DEBUG), pytest.raises(BucketRefused, match=says) as caught:
        reader.check()
    told = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(reader)
    assert CANARY not in told
    assert "hunter2" not in told
    reader.close()


def test_a_token_for_something_else_is_refused(container: Container, login: Login) -> None:
    login.audience = "https://management.azure.com"
    reader = principal(container, login)
    with pytest.raises(BucketRefused, match="token of this service principal"):
        reader.check()
    reader.close()


def test_who_signs_in_is_reached_through_our_own_door(
    container: Container, monkeypatch: pytest.MonkeyPatch, login: Login
) -> None:
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", "https://127.0.0.1:1")
    reader = principal(container, login)
    with pytest.raises(BucketUnreachable, match=r"No connection to https://127\.0\.0\.1:1"):
        reader.check()
    reader.close()


def test_an_identity_signs_urls_by_a_key_of_its_own(container: Container, login: Login, ca: trustme.CA) -> None:
    reader = principal(container, login)
    assert downloaded(reader, container, ca) == {key: key.encode() for key in HELD if key not in {".", ".."}}
    reader.close()


def test_an_identity_makes_a_token_for_listing(container: Container, login: Login) -> None:
    reader = principal(container, login)
    token = reader.listing_token(60)
    assert token is not None
    access = Access(ca_certificates=container.server.authority)
    other = azure_reader(container.endpoint, container.name, Credentials(sas_token=token), access=access)
    assert keys_of(other.pages()) == keys_of(reader.pages())
    reader.close()
    other.close()


def downloaded(reader: BucketReader, container: Container, ca: trustme.CA) -> dict[str, bytes]:
    """What the signed URLs of all hard keys hold."""
    context = ssl.create_default_context(cadata=ca.cert_pem.bytes().decode())
    connection = http.client.HTTPSConnection("127.0.0.1", urlsplit(container.endpoint).port, context=context)
    found = {}
    for key in HELD:
        signed = reader.signed_url(key, 60)
        if signed is not None:
            connection.request("GET", signed.url.partition(f":{connection.port}")[2])
            answer = connection.getresponse()
            found[key] = answer.read()
            assert answer.status == 200, key
    connection.close()
    return found


class Answers(Http):
    """Answers what it was told to, in turn, since no emulator refuses tokens as Azure does."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__(allow_private=False)
        self.sent: list[Request] = []
        self._answers = list(answers)

    def send(self, origin: Origin, build: Callable[[], Request], *, limit: int) -> Answer:  # noqa: ARG002
        self.sent.append(build())
        return self._answers.pop(0)


class Numbered:
    """Gets tokens that are numbered."""

    made = 0

    def __init__(self) -> None:
        Numbered.made += 1

    def get_token(self, *scopes: str) -> AccessToken:
        assert scopes == ("https://storage.azure.com/.default",)
        return AccessToken(f"token {Numbered.made}", int(time.time()) + 3600)


EMPTY = b'<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs /><NextMarker /></EnumerationResults>'
CLOUD = BucketAddress(Platform.AZURE, "container", "https://account.blob.core.windows.net")


def cloud_reader(monkeypatch: pytest.MonkeyPatch, *answers: Answer) -> tuple[AzureReader, Answers]:
    """A reader of a container of Azure, with an identity whose tokens are numbered."""
    monkeypatch.setattr("azure.identity.ManagedIdentityCredential", lambda **_: Numbered())
    monkeypatch.setattr(Numbered, "made", 0)
    http = Answers(*answers)
    allowed = settings(server_identities=(Platform.AZURE,))
    return AzureReader(CLOUD, Access(server_identity=True), Credentials(), http=http, settings=allowed), http


def test_a_refused_token_is_renewed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = Answer(401, {"x-ms-error-code": "InvalidAuthenticationInfo"}, b"")
    reader, http = cloud_reader(monkeypatch, refused, Answer(200, {}, EMPTY), refused, refused)
    assert reader.check() is None
    assert [sent.headers["Authorization"] for sent in http.sent] == ["Bearer token 1", "Bearer token 2"]
    with pytest.raises(BucketRefused, match="it must be of the tenant of account"):
        reader.check()
    assert len(http.sent) == 4


def test_an_identity_that_gets_no_key_signs_nothing_and_is_not_asked_again_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    denied = Answer(403, {"x-ms-error-code": "AuthorizationPermissionMismatch"}, b"")
    reader, http = cloud_reader(monkeypatch, denied)
    assert reader.signed_url("a", 60) is None
    assert reader.listing_token(60) is None
    assert len(http.sent) == 1


@pytest.mark.parametrize(
    "unknown",
    [
        Answer(400, {"x-ms-error-code": "InvalidQueryParameterValue"}, b""),
        Answer(404, {}, b""),
        Answer(404, {"x-ms-error-code": "ResourceNotFound"}, b""),
        Answer(501, {"x-ms-error-code": "APINotImplemented"}, b""),
    ],
)
def test_a_server_that_gives_no_keys_for_signing_signs_nothing(
    monkeypatch: pytest.MonkeyPatch, unknown: Answer
) -> None:
    reader, http = cloud_reader(monkeypatch, unknown)
    assert reader.signed_url("a", 60) is None
    assert reader.listing_token(60) is None
    assert len(http.sent) == 1


def test_a_server_that_answers_something_else_than_a_key_misbehaves(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, _ = cloud_reader(monkeypatch, Answer(418, {}, b""))
    with pytest.raises(BucketMisbehaved, match="418"):
        reader.signed_url("a", 60)


def test_a_missing_role_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    denied = Answer(403, {"x-ms-error-code": "AuthorizationPermissionMismatch"}, b"")
    reader, _ = cloud_reader(monkeypatch, denied)
    with pytest.raises(BucketRefused, match=r"the server's identity .* assign it the role Storage Blob Data Reader"):
        reader.check()


def test_the_server_itself_reads_only_where_its_operator_allows_it() -> None:
    with pytest.raises(NotAllowed, match="BUCKETLINK_SERVER_IDENTITIES"):
        azure_reader(CLOUD.endpoint or "", "container", Credentials(), access=Access(server_identity=True))


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://evil.example.com",
        "http://account.blob.core.windows.net",
        "https://account.blob.core.windows.net.evil.com",
        "https://core.windows.net.evil.com",
        "http://127.0.0.1:10000/devstoreaccount1",
    ],
)
def test_the_servers_identity_is_shown_to_azure_alone(endpoint: str) -> None:
    with pytest.raises(NotAllowed, match="Azure alone"):
        azure_reader(
            endpoint,
            "container",
            Credentials(),
            access=Access(server_identity=True),
            server_identities=(Platform.AZURE,),
        )


def test_a_managed_identity_is_asked_of_the_machine(monkeypatch: pytest.MonkeyPatch, secure: Azurite) -> None:
    asked = []
    token = Login(ssl.create_default_context()).token()

    class Machine(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["X-IDENTITY-HEADER"]))
            body = f'{{"access_token": "{token}", "expires_on": "{int(time.time()) + 3600}"}}'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    machine = HTTPServer(("127.0.0.1", 0), Machine)
    Thread(target=machine.serve_forever, daemon=True).start()
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{machine.server_address[1]}/token")
    monkeypatch.setenv("IDENTITY_HEADER", "header")
    with secure.container("managed") as container:
        container.put("a.jpg")
    http = Http(
        allow_private=True,
        patience=IMPATIENT,
        ca_certificates=secure.authority,
        resolve=lambda _, port, type: socket.getaddrinfo("127.0.0.1", port, type=type),  # noqa: A006
    )
    address = BucketAddress(Platform.AZURE, "managed", f"https://bucketlink.blob.core.windows.net:{secure.port}")
    access = Access(server_identity=True, client_id=CLIENT)
    reader = AzureReader(
        address, access, Credentials(), http=http, settings=settings(server_identities=(Platform.AZURE,))
    )
    assert keys_of(reader.pages()) == ["a.jpg"]
    ((path, header),) = asked
    assert CLIENT in path
    assert "storage.azure.com" in path
    assert header == "header"
    reader.close()
    machine.shutdown()
    machine.server_close()


def test_a_workload_identity_needs_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, login: Login) -> None:
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(tmp_path / "missing"))
    tokens = own_identity(Access(tenant_id=login.tenant, client_id=CLIENT), place(CLOUD))
    with pytest.raises(BucketRefused, match="The server's own identity cannot sign in"):
        tokens.get()


@pytest.mark.parametrize(
    ("access", "endpoint", "says"),
    [
        (Access(client_id=CLIENT), CLOUD.endpoint, "azureTenantId, azureClientId and azureClientSecret"),
        (Access(tenant_id="tenant"), CLOUD.endpoint, "azureTenantId, azureClientId and azureClientSecret"),
        (Access(tenant_id="a/b", client_id=CLIENT), CLOUD.endpoint, "^azureTenantId must be an id"),
        (Access(tenant_id="a", client_id="b\n"), CLOUD.endpoint, "^azureClientId must be an id"),
        (Access(tenant_id="a", client_id="b"), "http://account.blob.core.windows.net", "https"),
    ],
)
def test_half_of_a_service_principal_is_invalid(access: Access, endpoint: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        azure_reader(endpoint, "container", Credentials(client_secret=SECRET), access=access)


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure.identity", None)
    access = Access(tenant_id="a", client_id="b")
    with pytest.raises(InvalidInput, match=r"pip install 'bucketlink\[azure\]'"):
        azure_reader(CLOUD.endpoint or "", "container", Credentials(client_secret=SECRET), access=access)
    with pytest.raises(InvalidInput, match=r"pip install 'bucketlink\[azure\]'"):
        own_identity(Access(), place(CLOUD))


def test_tokens_are_fetched_once_for_all_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Numbered, "made", 0)
    tokens = Tokens(Numbered, Means.IDENTITY, time.time)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: tokens.get(), range(64))) == {"token 1"}
    tokens.forget("token 0")
    assert tokens.get() == "token 1"
    tokens.forget("token 1")
    assert tokens.get() == "token 2"


def test_a_key_for_signing_is_no_part_of_what_is_printed() -> None:
    value = base64.b64encode(CANARY.encode()).decode()
    assert value not in repr(DelegationKey("o", "t", "s", "e", "b", "v", value))

"""Google's own address, and the server's own identity, which is asked for there alone."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bucketlink.buckets.gcs import GcsReader
from bucketlink.buckets.http import Http
from bucketlink.errors import BucketRefused
from bucketlink.model import Access, BucketAddress, Credentials, Platform
from tests.buckets.holders import IMPATIENT, keys_of, settings
from tests.servers.gcs import GcsEmulator
from tests.servers.gcs_keys import certificate
from tests.servers.gcs_login import CANARY, GET, LIST, GoogleLogin

BUCKET = "identity"
KEYS = ["a.jpg", "b/c.jpg"]
SERVER = Access(server_identity=True)


@dataclass(frozen=True, slots=True)
class Google:
    """The stand-in under Google's own name, by TLS, and a second way in for what google-auth sends by itself."""

    secure: GoogleLogin
    plain: GoogleLogin
    certificate: str
    stack: ExitStack

    def reader(self, key: str | None = None, access: Access = SERVER) -> GcsReader:
        http = Http(allow_private=True, patience=IMPATIENT, resolve=self.resolve, ca_certificates=self.certificate)
        self.stack.callback(http.close)
        allowed = settings(server_identities=(Platform.GCP,), allow_private_endpoints=False)
        credentials = Credentials(service_account_key=key)
        return GcsReader(BucketAddress(Platform.GCP, BUCKET), access, credentials, http=http, settings=allowed)

    def resolve(self, host: str, port: int, **_: object) -> list[Any]:
        assert host in {"storage.googleapis.com", "oauth2.googleapis.com"}
        assert port == 443
        return socket.getaddrinfo("127.0.0.1", self.secure.port, type=socket.SOCK_STREAM)


@pytest.fixture(scope="module")
def bucket(gcs: GcsEmulator) -> GcsEmulator:
    gcs.create(BUCKET)
    gcs.put_many(BUCKET, {key: key.encode() for key in KEYS})
    return gcs


@pytest.fixture
def google(bucket: GcsEmulator) -> Iterator[Google]:
    text, tls = certificate("storage.googleapis.com", "oauth2.googleapis.com")
    with ExitStack() as stack:
        secure = stack.enter_context(GoogleLogin(bucket.port, tls=tls))
        plain = stack.enter_context(GoogleLogin(bucket.port))
        secure.share(plain)
        yield Google(secure, plain, text, stack)


def refused(reader: GcsReader) -> str:
    """What is said of a reader that cannot list."""
    with pytest.raises(BucketRefused) as caught:
        reader.check()
    assert CANARY not in str(caught.value)
    return str(caught.value)


def test_googles_own_address_is_the_usual_one(google: Google) -> None:
    key = json.loads(google.plain.new_key("reader", LIST, GET))
    del key["token_uri"]
    reader = google.reader(json.dumps(key), Access())
    assert keys_of(reader.pages()) == KEYS
    assert google.secure.counts == {"token": 1, "list": 1}
    signed = reader.signed_url("a.jpg", 60)
    assert signed is not None
    assert signed.url.startswith(f"https://storage.googleapis.com/{BUCKET}/a.jpg?X-Goog-Algorithm=")


def test_the_server_reads_as_the_account_whose_key_its_operator_set(
    google: Google, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key.json"
    file.write_text(google.plain.new_key("server", LIST, GET))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    reader = google.reader()
    assert keys_of(reader.pages()) == KEYS
    signed = reader.signed_url("a.jpg", 60)
    assert signed is not None
    assert "server%40project-1.iam.gserviceaccount.com" in signed.url
    google.plain.account("server").permissions.clear()
    assert "does not let the server's own identity server@project-1.iam.gserviceaccount.com list" in refused(reader)


def test_the_server_reads_as_the_account_of_its_machine(
    google: Google, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    google.plain.new_key("machine", LIST, GET)
    account = google.plain.account("machine")
    google.plain.metadata_account = account.email
    on_machine(monkeypatch, tmp_path, f"127.0.0.1:{google.plain.port}")
    reader = google.reader()
    assert keys_of(reader.pages()) == KEYS
    content = reader.read("b/c.jpg")
    assert content is not None
    assert b"".join(content.parts) == b"b/c.jpg"
    assert reader.signed_url("a.jpg", 60) is None
    assert google.plain.counts == {"token": 1}
    account.permissions.clear()
    assert "does not let the server's own identity machine@project-1.iam.gserviceaccount.com list" in refused(reader)


def test_a_server_without_identity_says_so(google: Google, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / f"{CANARY}.json"))
    assert "GOOGLE_APPLICATION_CREDENTIALS" in refused(google.reader())


def on_machine(monkeypatch: pytest.MonkeyPatch, home: Path, metadata: str) -> None:
    """Let google-auth find nothing but a machine's metadata service, at an address."""
    from google.auth.compute_engine import _metadata  # noqa: PLC0415

    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(home))
    monkeypatch.setenv("GCE_METADATA_IP", metadata)
    monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", metadata)

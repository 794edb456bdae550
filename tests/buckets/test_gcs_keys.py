"""Which keys, endpoints and identities of Google Cloud are taken, before anything is asked."""

import json
import sys
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bucketlink.buckets import BucketReader, open_bucket
from bucketlink.errors import InvalidInput, NotAllowed
from bucketlink.model import Access, BucketAddress, Credentials, Platform
from tests.buckets.holders import settings
from tests.servers.gcs_keys import key_text, rsa_key
from tests.servers.gcs_login import CANARY

BUCKET = BucketAddress(Platform.GCP, "bucket")
SERVER = Access(server_identity=True)
KEY_ID = "0123456789abcdef"


@pytest.fixture(scope="module")
def key() -> str:
    return key_text(
        "reader@project-1.iam.gserviceaccount.com", rsa_key(0), key_id=KEY_ID, token_uri="http://127.0.0.1:1/token"
    )


def opened(key: str | None, endpoint: str | None = None) -> BucketReader:
    address = BucketAddress(Platform.GCP, "bucket", endpoint)
    return open_bucket(address, Credentials(service_account_key=key), settings())


def changed(key: str, **changes: object) -> str:
    found = json.loads(key) | changes
    return json.dumps({name: value for name, value in found.items() if value is not None})


def ec_key() -> str:
    """A private key of elliptic curves."""
    return (
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        .decode()
    )


BAD_KEYS: dict[str, Callable[[str], str]] = {
    "no JSON": lambda key: key[:-5],
    "a list": lambda key: f"[{key}]",
    "a path": lambda _: f"/home/{CANARY}/key.json",
    "half a character": lambda key: key + "\ud800",
    "no type": lambda key: changed(key, type=None),
    "a user": lambda key: changed(key, type="authorized_user"),
    "a command of the server": lambda key: changed(
        key, type="external_account", credential_source={"executable": {"command": "/bin/true"}}
    ),
    "no e-mail": lambda key: changed(key, client_email=None),
    "an e-mail that is none": lambda key: changed(key, client_email=f"{CANARY}\r\n"),
    "an e-mail that is a number": lambda key: changed(key, client_email=5),
    "no private key": lambda key: changed(key, private_key=None),
    "an empty private key": lambda key: changed(key, private_key=""),
    "half a private key": lambda key: changed(key, private_key=json.loads(key)["private_key"][:900]),
    "another kind of private key": lambda key: changed(key, private_key=ec_key()),
    "no place for tokens": lambda key: changed(key, token_uri=f"ftp://{CANARY}/"),
    "a place for tokens with a password": lambda key: changed(key, token_uri=f"https://u:{CANARY}@host/token"),
    "a place for tokens that is a number": lambda key: changed(key, token_uri=5),
}


@pytest.mark.parametrize("bad", BAD_KEYS.values(), ids=BAD_KEYS)
def test_a_key_that_cannot_be_one_is_refused_and_not_quoted(key: str, bad: Callable[[str], str]) -> None:
    with pytest.raises(InvalidInput, match="gcpServiceAccountKey") as caught:
        opened(bad(key))
    sentence = str(caught.value)
    assert CANARY not in sentence
    assert "BEGIN" not in sentence
    assert KEY_ID not in sentence
    assert "\n" not in sentence


def test_other_credentials_are_not_taken_for_anonymous() -> None:
    with pytest.raises(InvalidInput, match="takes a gcpServiceAccountKey"):
        open_bucket(BUCKET, Credentials("access", CANARY), settings())


def test_secrets_go_by_https_alone_unless_private_endpoints_are_allowed(key: str) -> None:
    strict = settings(allow_private_endpoints=False)
    credentials = Credentials(service_account_key=key)
    with pytest.raises(InvalidInput, match="token_uri in gcpServiceAccountKey must start with https"):
        open_bucket(BUCKET, credentials, strict)
    with pytest.raises(InvalidInput, match="gcpEndpoint must start with https"):
        open_bucket(BucketAddress(Platform.GCP, "bucket", "http://storage.example.com"), credentials, strict)


def test_a_missing_extra_says_what_to_install(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.oauth2.service_account", None)
    monkeypatch.setitem(sys.modules, "google.auth.transport.requests", None)
    with pytest.raises(InvalidInput, match=r"pip install 'bucketlink\[gcp\]'"):
        opened(key)
    allowed = settings(server_identities=(Platform.GCP,))
    with pytest.raises(InvalidInput, match=r"pip install 'bucketlink\[gcp\]'"):
        open_bucket(BUCKET, Credentials(), allowed, access=SERVER)
    opened(None)


def test_the_server_reads_as_itself_only_where_its_operator_allows_it() -> None:
    with pytest.raises(NotAllowed, match="BUCKETLINK_SERVER_IDENTITIES=GCP"):
        open_bucket(BUCKET, Credentials(), settings(), access=SERVER)


@pytest.mark.parametrize("endpoint", ["https://storage.example.com", "http://storage.googleapis.com"])
def test_the_servers_own_token_goes_to_google_alone(endpoint: str) -> None:
    with pytest.raises(InvalidInput, match="leave out gcpEndpoint"):
        open_bucket(
            BucketAddress(Platform.GCP, "bucket", endpoint),
            Credentials(),
            settings(server_identities=(Platform.GCP,)),
            access=SERVER,
        )


def test_the_server_reads_as_itself_or_with_a_key(key: str) -> None:
    with pytest.raises(InvalidInput, match="either a gcpServiceAccountKey or nothing"):
        open_bucket(
            BUCKET,
            Credentials(service_account_key=key),
            settings(server_identities=(Platform.GCP,)),
            access=SERVER,
        )

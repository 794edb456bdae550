"""Tokens, permissions and signatures: what is refused, what is renewed, and what people are told."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from bucketlink.buckets import open_bucket
from bucketlink.buckets.gcs import GcsReader
from bucketlink.buckets.http import Http
from bucketlink.errors import (
    BucketError,
    BucketMisbehaved,
    BucketRefused,
    BucketUnavailable,
    BucketUnreachable,
)
from bucketlink.model import Access, BucketAddress, Credentials, Platform
from tests.buckets.holders import IMPATIENT, keys_of, settings
from tests.servers.gcs import GcsEmulator
from tests.servers.gcs_login import CANARY, GET, LIST, GoogleLogin, Refusal
from tests.servers.process import free_port

NOW = 1_700_000_000.0
KEYS = [f"{number:03d}" for number in range(100)]
BUCKET = "credentials"
SERVER = Access(server_identity=True)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def bucket(gcs: GcsEmulator) -> GcsEmulator:
    gcs.create(BUCKET)
    gcs.put_many(BUCKET, {key: key.encode() for key in KEYS})
    return gcs


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def login(bucket: GcsEmulator, clock: Clock, stack: ExitStack) -> GoogleLogin:
    login = stack.enter_context(GoogleLogin(bucket.port, clock=clock))
    login.page_keys = 10
    return login


@pytest.fixture
def key(login: GoogleLogin) -> str:
    return login.new_key("reader", LIST, GET)


Open = Callable[[str | None], GcsReader]


@pytest.fixture
def opened(login: GoogleLogin, clock: Clock, stack: ExitStack) -> Open:
    def open_as(key: str | None) -> GcsReader:
        address = BucketAddress(Platform.GCP, BUCKET, login.endpoint)
        http = Http(allow_private=True, patience=IMPATIENT)
        stack.callback(http.close)
        credentials = Credentials(service_account_key=key)
        return GcsReader(address, Access(), credentials, http=http, settings=settings(), clock=clock)

    return open_as


def refused(reader: GcsReader, kind: type[BucketError] = BucketRefused) -> str:
    """What is said of a reader that cannot list."""
    with pytest.raises(kind) as caught:
        reader.check()
    assert type(caught.value) is kind
    sentence = str(caught.value)
    assert CANARY not in sentence
    assert "\n" not in sentence
    assert "ya29" not in sentence
    return sentence


def test_one_token_serves_until_it_nears_its_end(login: GoogleLogin, key: str, opened: Open, clock: Clock) -> None:
    reader = opened(key)
    assert keys_of(reader.pages()) == KEYS
    assert reader.content_type("000") == "application/octet-stream"
    assert login.counts["token"] == 1
    clock.now += 3300
    reader.check()
    assert login.counts == {"token": 2, "list": 11, "get": 1}


def test_threads_share_one_token(login: GoogleLogin, key: str, opened: Open) -> None:
    reader = opened(key)
    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(reader.content_type, KEYS)) == {"application/octet-stream"}
        assert login.counts == {"token": 1, "get": 100}
        login.revoke_tokens()
        assert len(list(pool.map(reader.content_type, KEYS))) == len(KEYS)
    assert login.counts["token"] == 2


def test_tokens_are_renewed_in_a_long_listing_without_a_refusal(
    login: GoogleLogin, key: str, opened: Open, clock: Clock
) -> None:
    found: list[str] = []
    for page in opened(key).pages():
        found += page.keys
        clock.now += 1000
    assert found == KEYS
    assert login.counts == {"token": 3, "list": 10}


def test_a_token_that_was_taken_back_is_renewed_in_a_listing(login: GoogleLogin, key: str, opened: Open) -> None:
    pages = opened(key).pages()
    found = list(next(pages).keys)
    login.revoke_tokens()
    found += keys_of(pages)
    assert found == KEYS
    assert login.counts == {"token": 2, "list": 11, "refused 401": 1}


def test_a_token_that_was_taken_back_is_renewed_for_reading(login: GoogleLogin, key: str, opened: Open) -> None:
    reader = opened(key)
    reader.check()
    login.revoke_tokens()
    content = reader.read("005", 1)
    assert content is not None
    assert b"".join(content.parts) == b"05"
    login.revoke_tokens()
    assert reader.content_type("005") == "application/octet-stream"


def test_tokens_that_are_never_accepted_are_renewed_once(login: GoogleLogin, key: str, opened: Open) -> None:
    login.refusal = Refusal(401, "authError")
    sentence = refused(opened(key))
    assert "does not accept the access token of the service account reader@" in sentence
    assert "gcpServiceAccountKey" in sentence
    assert login.counts == {"token": 2, "list": 2, "refused 401": 2}


def test_a_key_that_is_revoked_in_a_listing_ends_it(login: GoogleLogin, key: str, opened: Open, clock: Clock) -> None:
    pages = opened(key).pages()
    assert list(next(pages).keys) == KEYS[:10]
    login.account("reader").keys.clear()
    assert list(next(pages).keys) == KEYS[10:20]
    clock.now += 3600
    with pytest.raises(BucketRefused, match=r"does not accept this key of reader@.*new key.*gcpServiceAccountKey"):
        next(pages)


def test_a_deleted_key_a_deleted_account_and_a_disabled_one_are_told_apart(
    login: GoogleLogin, key: str, opened: Open
) -> None:
    account = login.account("reader")
    account.is_disabled = True
    assert "reader@project-1.iam.gserviceaccount.com is disabled; enable it" in refused(opened(key))
    account.is_disabled = False
    account.keys.clear()
    assert "does not accept this key of reader@" in refused(opened(key))
    del login.accounts[account.email]
    assert "does not know the service account reader@" in refused(opened(key))


def test_a_key_of_the_same_account_that_is_not_its_own_is_not_accepted(
    login: GoogleLogin, key: str, opened: Open
) -> None:
    other = json.loads(login.new_key("other", number=1))
    forged = json.dumps(json.loads(key) | {"private_key": other["private_key"]})
    assert "does not accept this key of reader@" in refused(opened(forged))


@pytest.mark.parametrize("skew", [3600, -3600])
def test_a_wrong_clock_is_named(login: GoogleLogin, key: str, opened: Open, skew: float) -> None:
    login.skew = skew
    assert "clock of Bucketlink's machine is wrong" in refused(opened(key))


def test_a_wrong_clock_is_named_when_tokens_are_not_accepted(login: GoogleLogin, key: str, opened: Open) -> None:
    reader = opened(key)
    reader.check()
    login.skew = 3600
    login.refusal = Refusal(401, "authError")
    login.lifetime = 10**6
    with pytest.raises(BucketRefused, match="clock of Bucketlink's machine is wrong"):
        reader.check()


def test_missing_permissions_are_named_with_the_role_to_grant(login: GoogleLogin, opened: Open) -> None:
    sentence = refused(opened(login.new_key("nobody")))
    assert "does not let the service account nobody@project-1.iam.gserviceaccount.com list the bucket" in sentence
    assert "roles/storage.objectViewer" in sentence
    assert "storage.objects.list" in sentence


def test_a_permission_that_is_missing_for_objects_alone_is_named(login: GoogleLogin, opened: Open) -> None:
    reader = opened(login.new_key("lister", LIST))
    assert reader.check() == "000"
    for ask in (lambda: reader.content_type("000"), lambda: reader.read("000")):
        with pytest.raises(BucketRefused, match=r"read objects of the bucket.*storage\.objects\.get"):
            ask()


def test_everybody_reads_a_public_bucket_without_a_token(login: GoogleLogin, opened: Open) -> None:
    login.public.add(BUCKET)
    reader = opened(None)
    assert keys_of(reader.pages()) == KEYS
    signed = reader.signed_url("007", 60)
    assert signed is not None
    with urlopen(signed.url) as answer:  # noqa: S310
        assert answer.read() == b"007"
    assert login.counts == {"list": 10, "object": 1}


def test_nobody_reads_a_private_bucket_without_a_key(opened: Open) -> None:
    reader = opened(None)
    sentence = refused(reader)
    assert "does not let everybody list the bucket credentials; give a gcpServiceAccountKey" in sentence
    with pytest.raises(BucketRefused, match=r"everybody read objects.*storage\.objects\.get"):
        reader.read("000")


@pytest.mark.parametrize(
    ("refusal", "kind", "says"),
    [
        (Refusal(403, "accountDisabled"), BucketRefused, "billing is disabled"),
        (Refusal(403, "vpcServiceControls"), BucketRefused, "VPC Service Controls"),
        (Refusal(403, "forbidden", f"vpcServiceControlsUniqueIdentifier: {CANARY}"), BucketRefused, "VPC Service"),
        (Refusal(403, "accessNotConfigured"), BucketRefused, "API is disabled"),
        (Refusal(403, "insufficientPermissions"), BucketRefused, "scope devstorage.read_only"),
        (Refusal(403, "rateLimitExceeded"), BucketUnavailable, "less often"),
        (Refusal(400, "required"), BucketRefused, "lets its readers pay"),
        (Refusal(400, "invalid"), BucketMisbehaved, r"status 400 invalid\); check gcpEndpoint"),
        (Refusal(302, ""), BucketMisbehaved, "redirects are not followed"),
        (Refusal(418, CANARY + "<>"), BucketMisbehaved, r"status 418\)"),
        (Refusal(503, "backendError"), BucketUnavailable, "status 503"),
    ],
    ids=lambda value: value.reason or str(value.status) if isinstance(value, Refusal) else None,
)
def test_other_refusals_are_told_apart(
    login: GoogleLogin, key: str, opened: Open, refusal: Refusal, kind: type[BucketError], says: str
) -> None:
    login.refusal = refusal
    reader = opened(key)
    refused(reader, kind)
    with pytest.raises(kind, match=says):
        reader.check()


def test_a_url_holds_for_as_long_as_it_says(login: GoogleLogin, key: str, opened: Open, clock: Clock) -> None:
    signed = opened(key).signed_url("a/../b", 60)
    assert signed is None
    signed = opened(key).signed_url("042", 60)
    assert signed is not None
    assert signed.expires_at == (NOW + 60) * 1000
    clock.now += 59
    with urlopen(signed.url) as answer:  # noqa: S310
        assert answer.read() == b"042"
    clock.now += 1
    assert status_of(signed.url) == 400
    assert login.counts["token"] == 0


def test_a_url_opens_nothing_else(login: GoogleLogin, key: str, opened: Open) -> None:
    signed = opened(key).signed_url("042", 60)
    assert signed is not None
    assert status_of(signed.url.replace("/042?", "/043?")) == 403
    assert status_of(signed.url.replace("X-Goog-Expires=60", "X-Goog-Expires=600")) == 403
    login.account("reader").permissions.clear()
    assert status_of(signed.url) == 403


def status_of(url: str) -> int:
    with pytest.raises(HTTPError) as caught:
        urlopen(url)  # noqa: S310
    with caught.value as answer:
        return answer.code


def test_a_place_for_tokens_in_the_servers_network_is_not_asked(login: GoogleLogin) -> None:
    key = login.new_key("reader", LIST, token_uri=f"https://127.0.0.1:{login.port}/token")
    strict = settings(allow_private_endpoints=False)
    reader = open_bucket(BucketAddress(Platform.GCP, BUCKET), Credentials(service_account_key=key), strict)
    with pytest.raises(BucketRefused, match="BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS"):
        reader.check()
    assert not login.counts
    reader.close()


def test_a_place_for_tokens_that_does_not_answer_is_named(login: GoogleLogin, opened: Open) -> None:
    key = login.new_key("reader", token_uri=f"http://127.0.0.1:{free_port()}/token")
    sentence = refused(opened(key), BucketUnreachable)
    assert "token_uri in gcpServiceAccountKey" in sentence


@pytest.mark.parametrize(
    "given",
    [
        "",
        CANARY,
        "[]",
        '{"access_token": 5}',
        '{"access_token": "a\\r\\nb"}',
        '{"access_token": "a", "expires_in": "x"}',
    ],
)
def test_a_place_for_tokens_that_gives_none_is_named(
    login: GoogleLogin, key: str, opened: Open, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login, "token_script", given)
    assert "check token_uri in gcpServiceAccountKey" in refused(opened(key), BucketMisbehaved)

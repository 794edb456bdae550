"""What only Azure has: account keys, SAS tokens, public containers, tiers and markers."""

import base64
import hashlib
import hmac
import time
import traceback
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from bucketlink.buckets.azure import AzureReader
from bucketlink.errors import BucketNotFound, BucketRefused
from bucketlink.model import Credentials
from tests.buckets.azure_holders import azure_reader, container_sas, service_sas_for_a_blob
from tests.buckets.holders import CANARY, keys_of
from tests.servers.azurite import Azurite, Container

KEYS = ("a.jpg", "b.jpg", "folder/c.jpg", "folder/deep/d.jpg")


@pytest.fixture(scope="module")
def private(azurite: Azurite) -> Iterator[Container]:
    with azurite.container("private") as container:
        container.put_many({key: key.encode() for key in KEYS}, content_type="image/jpeg")
        yield container


@pytest.fixture(scope="module")
def public(azurite: Azurite) -> Iterator[Container]:
    with azurite.container("public", public=True) as container:
        container.put("a%2F b.jpg", b"x", content_type="image/jpeg")
        yield container


def sas(container: Container, **replaced: str) -> str:
    """A SAS token of a container with some of its fields replaced, which its signature does not hold for."""
    fields = dict(part.split("=") for part in container_sas(container.server, container.name).split("&"))
    return "&".join(f"{name}={value}" for name, value in {**fields, **replaced}.items())


def refusal(container: Container, credentials: Credentials) -> str:
    reader = azure_reader(container.endpoint, container.name, credentials)
    with pytest.raises(BucketRefused) as caught:
        reader.check()
    reader.close()
    told = "".join(traceback.format_exception(caught.value)) + repr(reader) + repr(credentials)
    assert CANARY not in told
    return str(caught.value)


def test_a_public_container_needs_no_credentials(public: Container) -> None:
    reader = azure_reader(public.endpoint, public.name, Credentials())
    assert reader.check() == "a%2F b.jpg"
    assert keys_of(reader.pages()) == ["a%2F b.jpg"]
    assert reader.content_type("a%2F b.jpg") == "image/jpeg"
    signed = reader.signed_url("a%2F b.jpg", 60)
    assert signed is not None
    assert signed.url == f"{public.endpoint}/public/a%252F%20b.jpg"
    assert reader.listing_token(60) is None
    reader.close()


@pytest.mark.parametrize("mark", ["", "?", "&"])
def test_a_sas_token_lists_and_reads(private: Container, mark: str) -> None:
    token = mark + container_sas(private.server, private.name)
    reader = azure_reader(private.endpoint, private.name, Credentials(sas_token=token))
    assert keys_of(reader.pages()) == list(KEYS)
    assert keys_of(reader.pages(prefix="folder/d")) == ["folder/deep/d.jpg"]
    assert reader.content_type("a.jpg") == "image/jpeg"
    content = reader.read("b.jpg", 1, 2)
    assert content is not None
    assert b"".join(content.parts) == b".j"
    reader.close()


def test_a_sas_token_is_given_to_nobody(private: Container) -> None:
    token = container_sas(private.server, private.name)
    reader = azure_reader(private.endpoint, private.name, Credentials(sas_token=token))
    assert reader.signed_url("a.jpg", 60) is None
    assert reader.listing_token(60) is None
    reader.close()


def test_a_token_for_listing_lists_and_reads_this_container_alone(private: Container, azurite: Azurite) -> None:
    reader = azure_reader(private.endpoint, private.name, Credentials(account_key=azurite.key))
    token = reader.listing_token(60)
    assert token is not None
    assert "sp=rl" in token.split("&")
    reader.close()
    other = azure_reader(private.endpoint, private.name, Credentials(sas_token=token))
    assert keys_of(other.pages()) == list(KEYS)
    other.close()
    with azurite.container("elsewhere") as elsewhere:
        assert "azureSASToken" in refusal(elsewhere, Credentials(sas_token=token))


def test_a_signed_url_ends(private: Container) -> None:
    reader = azure_reader(private.endpoint, private.name, Credentials(account_key=private.server.key))
    before = time.time()
    signed, longest = reader.signed_url("a.jpg", 60), reader.signed_url("a.jpg", 10**9)
    assert signed is not None
    assert longest is not None
    assert before + 59 <= signed.expires_at / 1000 <= time.time() + 60
    assert longest.expires_at / 1000 <= time.time() + 24 * 3600
    reader.close()


@pytest.mark.parametrize("key", [".", ".."])
def test_a_key_that_no_url_can_hold_has_none(private: Container, key: str) -> None:
    reader = azure_reader(private.endpoint, private.name, Credentials(account_key=private.server.key))
    assert reader.signed_url(key, 60) is None
    reader.close()


def test_a_key_of_another_account_is_refused(private: Container) -> None:
    other = base64.b64encode(CANARY.encode()).decode()
    assert "azureAccountKey" in refusal(private, Credentials(account_key=other))


def test_a_private_container_is_refused_to_everybody(private: Container) -> None:
    assert "give credentials" in refusal(private, Credentials())


def test_sas_tokens_that_are_refused_are_told_apart(private: Container) -> None:
    server, name = private.server, private.name
    revoked = container_sas(server, name, key=base64.b64encode(b"an old key").decode())
    assert "was not revoked with the key or the stored access policy" in refusal(
        private, Credentials(sas_token=revoked)
    )
    expired = refusal(private, Credentials(sas_token=container_sas(server, name, seconds=-86_400)))
    assert "azureSASToken has expired on 20" in expired
    early = quote(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 7200)), safe="")
    assert "not valid before" in refusal(private, Credentials(sas_token=sas(private, st=early)))
    assert "permissions read and list (rl)" in refusal(private, Credentials(sas_token=sas(private, sp="r")))
    assert "for one blob only" in refusal(private, Credentials(sas_token=service_sas_for_a_blob(server, name)))
    assert "https alone" in refusal(private, Credentials(sas_token=sas(private, spr="https")))
    assert "azureSASToken" in refusal(private, Credentials(sas_token=sas(private, sig=CANARY)))


def test_a_sas_token_for_listing_alone_does_not_read(private: Container) -> None:
    listing = account_sas(private, "l")
    reader = azure_reader(private.endpoint, private.name, Credentials(sas_token=listing))
    assert keys_of(reader.pages()) == list(KEYS)
    with pytest.raises(BucketRefused, match=r"azureSASToken read objects .* permit read \(r\)"):
        reader.content_type("a.jpg")
    with pytest.raises(BucketRefused, match=r"azureSASToken read objects"):
        reader.read("a.jpg")
    reader.close()


def test_an_account_sas_must_hold_for_containers(private: Container) -> None:
    reader = azure_reader(private.endpoint, private.name, Credentials(sas_token=account_sas(private, "rl")))
    assert keys_of(reader.pages()) == list(KEYS)
    reader.close()
    assert "Container and Object" in refusal(private, Credentials(sas_token=account_sas(private, "rl", types="o")))
    assert "(rl)" in refusal(private, Credentials(sas_token=account_sas(private, "r")))


def account_sas(container: Container, permissions: str, types: str = "co") -> str:
    """A SAS for the whole account, as the portal makes them."""
    server = container.server
    expiry = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600))
    lines = [server.account, permissions, "b", types, "", expiry, "", "https,http", "2021-12-02", "", ""]
    digest = hmac.new(base64.b64decode(server.key), "\n".join(lines).encode(), hashlib.sha256).digest()
    fields = {"sv": "2021-12-02", "ss": "b", "srt": types, "sp": permissions, "se": expiry, "spr": "https,http"}
    fields["sig"] = base64.b64encode(digest).decode()
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in fields.items())


def test_a_missing_container_is_not_found_with_a_key_for_the_account(private: Container) -> None:
    reader = azure_reader(private.endpoint, "missing", Credentials(account_key=private.server.key))
    with pytest.raises(BucketNotFound, match="no container missing at"):
        reader.check()
    reader.close()


def test_an_archived_object_says_so_when_it_is_read(azurite: Azurite) -> None:
    with azurite.container("archive") as container:
        container.put("cold.jpg", b"x", tier="Archive")
        container.put("cool.jpg", b"x", tier="Cool")
    reader = azure_reader(azurite.endpoint, "archive", Credentials(account_key=azurite.key))
    (page,) = reader.pages()
    assert page.archived == ["Archive", None]
    with pytest.raises(BucketRefused, match="rehydrate it"):
        reader.read("cold.jpg")
    reader.close()


def test_pages_of_one_key_add_up_to_the_listing(private: Container) -> None:
    reader = azure_reader(private.endpoint, private.name, Credentials(account_key=private.server.key))
    assert isinstance(reader, AzureReader)
    reader.page_keys = 1
    pages = list(reader.pages())
    assert keys_of(pages) == list(KEYS)
    assert len(pages) >= len(KEYS)
    assert keys_of(reader.pages(after="b.jpg")) == list(KEYS[2:])
    assert keys_of(reader.pages(root_files=True)) == ["a.jpg", "b.jpg"]
    reader.close()

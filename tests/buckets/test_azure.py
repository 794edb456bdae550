"""What only Azure has: account keys, SAS tokens, public containers, tiers, markers, and its errors."""

import base64
import hashlib
import hmac
import logging
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from email.utils import formatdate
from urllib.parse import quote

import pytest

from bucketlink.buckets import BucketReader
from bucketlink.buckets.azure import AzureReader
from bucketlink.buckets.azure_address import place
from bucketlink.buckets.azure_errors import Means, explained, signing_in
from bucketlink.buckets.azure_sas import fault, plain
from bucketlink.buckets.http import Answer, Http, Origin, Request
from bucketlink.errors import BucketError, BucketMisbehaved, BucketNotFound, BucketRefused, InvalidInput
from bucketlink.model import Access, BucketAddress, Credentials, Platform
from tests.buckets.azure_holders import azure_reader, container_sas, service_sas_for_a_blob
from tests.buckets.holders import CANARY, keys_of, pages_reader, settings
from tests.servers.azurite import Azurite, Container
from tests.servers.pages import Faults, PageServer, Stored
from tests.servers.pages_azure import Azure

KEYS = ("a.jpg", "b.jpg", "folder/c.jpg", "folder/deep/d.jpg")
CLOUD = BucketAddress(Platform.AZURE, "photos", "https://pets.blob.core.windows.net")
HEAD = '<?xml version="1.0" encoding="utf-8"?><EnumerationResults>'


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


class Bare(Azure):
    """The page server's Azure, of whose answers' headers some alone are left."""

    def __init__(self, *left: str) -> None:
        self._left = left

    def error(self, status: int, code: str) -> tuple[Mapping[str, str], str]:
        headers, body = super().error(status, code)
        return self._of(headers), body

    def described(self, stored: Stored) -> Mapping[str, str]:
        return self._of(super().described(stored))

    def _of(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        return {name: value for name, value in headers.items() if name in self._left}


def client_listed(server: PageServer, credentials: Credentials) -> BucketReader:
    return azure_reader(f"{server.endpoint}/devstoreaccount1", "bucket", credentials, access=Access(client_lists=True))


def taken(reader: BucketReader) -> list[str]:
    """What of an object, and of one that is not there, is taken for an answer of Azure."""
    asked: dict[str, Callable[[], object]] = {
        "object": lambda: reader.read("a"),
        "part": lambda: reader.read("a", 1, 2),
        "type": lambda: reader.content_type("a"),
        "no object": lambda: reader.read("gone"),
        "no type": lambda: reader.content_type("gone"),
    }
    found = []
    for name, ask in asked.items():
        try:
            ask()
        except BucketMisbehaved as error:
            assert "is not Azure Blob Storage" in str(error)  # noqa: PT017
        else:
            found.append(name)
    return found


@pytest.mark.parametrize(
    ("headers", "objects"),
    [
        ([], []),
        (["x-ms-blob-type", "x-ms-error-code"], []),
        (["x-ms-version"], ["no object", "no type"]),
        (["x-ms-version", "x-ms-blob-type"], ["object", "part", "type", "no object", "no type"]),
        (["x-ms-request-id", "x-ms-blob-type"], ["object", "part", "type", "no object", "no type"]),
    ],
)
def test_only_what_azure_has_marked_is_taken_for_an_object(headers: list[str], objects: list[str]) -> None:
    with PageServer(["a"]) as server:
        server.dialects = (Bare(*headers),)
        reader = client_listed(server, Credentials(sas_token="sv=1&sig=x"))
        assert taken(reader) == objects
        with pytest.raises(InvalidInput if headers and objects else BucketMisbehaved):
            reader.read("a", 1000)
        reader.close()


def test_where_clients_list_nothing_is_read_without_credentials() -> None:
    with PageServer(["a"]) as server:
        reader = client_listed(server, Credentials())
        assert reader.signed_url("a", 60) is None
        assert reader.listing_token(60) is None
        asked: tuple[Callable[[str], object], ...] = (reader.read, reader.content_type)
        for ask in asked:
            with pytest.raises(BucketRefused, match="give azureSASToken or azureAccountKey"):
                ask("a")
        assert not server.counts
        reader.close()


def test_no_sas_token_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with PageServer(["a"], faults=Faults(throttle=1, drop=1)) as server:
        reader = pages_reader(Platform.AZURE, server.endpoint, credentials=Credentials(sas_token=f"sv=1&sig={CANARY}"))
        assert keys_of(reader.pages()) == ["a"]
        assert reader.content_type("a") is None
        reader.close()
    assert CANARY not in caplog.text


class Answers(Http):
    """Stands for Azure where no emulator does as it does: answers in turn, and keeps what was asked."""

    def __init__(self, *bodies: str) -> None:
        super().__init__(allow_private=False)
        self.asked: list[str] = []
        self._bodies = list(bodies)

    def send(self, origin: Origin, build: Callable[[], Request], *, limit: int) -> Answer:  # noqa: ARG002
        self.asked.append(build().target)
        return Answer(200, {}, (HEAD + self._bodies.pop(0)).encode())


def scripted(*bodies: str) -> tuple[AzureReader, Answers]:
    http = Answers(*bodies)
    return AzureReader(CLOUD, Access(), Credentials(), http=http, settings=settings()), http


def test_a_page_may_be_empty_and_not_the_last() -> None:
    reader, http = scripted(
        "<Blobs /><NextMarker>1 +&amp;</NextMarker></EnumerationResults>",
        "<Blobs /><NextMarker>2</NextMarker></EnumerationResults>",
        "<Blobs /><NextMarker /></EnumerationResults>",
    )
    assert [len(page) for page in reader.pages(prefix="a b/")] == [0, 0, 0]
    first = "/photos?restype=container&comp=list&maxresults=5000&prefix=a%20b%2F"
    assert http.asked == [first, f"{first}&marker=1%20%2B%26", f"{first}&marker=2"]


def test_a_marker_that_does_not_move_is_an_error() -> None:
    page = "<Blobs /><NextMarker>1</NextMarker></EnumerationResults>"
    reader, _ = scripted(page, page)
    with pytest.raises(BucketMisbehaved, match="does not move on"):
        list(reader.pages())


@pytest.mark.parametrize("prefix", ["a\x01b", "a\nb", "a\ufffeb"])
def test_a_prefix_that_the_service_takes_in_no_query_is_looked_for_here(prefix: str) -> None:
    name = f'<Name Encoded="true">{quote(prefix)}</Name>'
    properties = (
        "<Properties><Last-Modified>x</Last-Modified><Etag>e</Etag><Content-Length>1</Content-Length></Properties>"
    )
    rows = f"<Blob><Name>a</Name>{properties}</Blob><Blob>{name}{properties}</Blob>"
    reader, http = scripted(f"<Blobs>{rows}</Blobs><NextMarker /></EnumerationResults>")
    assert keys_of(reader.pages(prefix=prefix)) == [prefix]
    assert http.asked[0].endswith("&prefix=a")


@pytest.mark.parametrize(
    ("credentials", "access"),
    [
        (Credentials("access", "secret"), Access()),
        (Credentials(account_key="a2V5", sas_token="sv=1&sig=2"), Access()),
        (Credentials(account_key="not Base64!"), Access()),
        (Credentials(account_key="="), Access()),
        (Credentials(sas_token="https://pets.blob.core.windows.net/photos?sig=x"), Access()),
        (Credentials(sas_token="sv=1&se=2"), Access()),
        (Credentials(sas_token="sv=1&sig=2\r\nHost: evil"), Access()),
        (Credentials(sas_token="sv=1&sig=2#"), Access()),
        (Credentials(client_secret="secret"), Access()),
        (Credentials(account_key="a2V5"), Access(server_identity=True)),
    ],
)
def test_credentials_that_cannot_be_meant_are_invalid(credentials: Credentials, access: Access) -> None:
    with pytest.raises(InvalidInput):
        azure_reader(CLOUD.endpoint or "", "photos", credentials, access=access, server_identities="Azure")


def test_what_is_percent_encoded_in_a_sas_token_stays_so() -> None:
    assert plain(" ?sv=1&sig=a%2bB%2F%3d\n") == "sv=1&sig=a%2bB%2F%3d"


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("se=2020-01-01&sig=x", "has expired on 2020-01-01"),
        ("se=2020-01-01T10%3A20Z&sig=x", "has expired on 2020-01-01"),
        ("se=2020-01-01T10%3A20%3A30.1234567Z&sig=x", "has expired on 2020-01-01"),
        ("st=2999-01-01T10%3A20%3A30Z&se=2999-01-02&sig=x", "not valid before 2999-01-01 10:20 UTC"),
        ("ss=qf&srt=co&sp=rl&se=2999-01-01&sig=x", "for other services"),
        ("ss=bq&srt=so&sp=rl&se=2999-01-01&sig=x", "does not hold for containers"),
        ("sr=c&sp=racwd&se=2999-01-01&sig=x", "does not permit listing"),
        ("sr=bs&sp=r&se=2999-01-01&sig=x", "for one blob only"),
        ("sr=c&sp=rl&se=2999-01-01&sig=x", None),
        ("sr=d&sp=rl&se=2999-01-01&sig=x", None),
        ("sr=c&si=policy&sig=x", None),
        ("se=nonsense&sig=x", None),
    ],
)
def test_a_sas_token_tells_what_is_wrong_with_it(token: str, says: str | None) -> None:
    found = fault(token, place(CLOUD))
    assert found is None if says is None else says in (found or "")


@pytest.mark.parametrize(
    ("status", "code", "means", "error", "says"),
    [
        (404, "ContainerNotFound", Means.ACCOUNT_KEY, BucketNotFound, "no container photos at https://pets"),
        (404, "ResourceNotFound", Means.ACCOUNT_KEY, BucketNotFound, "no container photos"),
        (404, "ResourceNotFound", Means.NOTHING, BucketRefused, "shows no container photos to everybody"),
        (409, "PublicAccessNotPermitted", Means.NOTHING, BucketRefused, "without credentials"),
        (401, "NoAuthenticationInformation", Means.NOTHING, BucketRefused, "give credentials"),
        (
            403,
            "AuthenticationFailed",
            Means.ACCOUNT_KEY,
            BucketRefused,
            "azureAccountKey is no key of the account pets",
        ),
        (403, "AuthenticationFailed", Means.SAS, BucketRefused, "does not accept azureSASToken"),
        (401, "InvalidAuthenticationInfo", Means.PRINCIPAL, BucketRefused, "azureTenantId must be the tenant"),
        (403, "AuthorizationFailure", Means.ACCOUNT_KEY, BucketRefused, "network rules of the account pets"),
        (403, "AuthorizationPermissionMismatch", Means.SAS, BucketRefused, r"read and list \(rl\)\.$"),
        (403, "AuthorizationPermissionMismatch", Means.PRINCIPAL, BucketRefused, "Storage Blob Data Reader"),
        (403, "AuthorizationSourceIPMismatch", Means.SAS, BucketRefused, "other addresses"),
        (403, "AuthorizationProtocolMismatch", Means.SAS, BucketRefused, "https alone"),
        (403, "AccountIsDisabled", Means.ACCOUNT_KEY, BucketRefused, "has disabled the account pets"),
        (403, "KeyBasedAuthenticationNotPermitted", Means.ACCOUNT_KEY, BucketRefused, "azureClientSecret"),
        (409, "ContainerBeingDeleted", Means.SAS, BucketRefused, "is deleting the container photos"),
        (403, "SomethingNew", Means.IDENTITY, BucketRefused, r"\(SomethingNew\)$"),
        (403, None, Means.NOTHING, BucketRefused, "does not let everybody"),
        (418, "SomethingNew", Means.SAS, BucketMisbehaved, "418 SomethingNew"),
        (302, None, Means.SAS, BucketMisbehaved, "points elsewhere"),
        (404, None, Means.SAS, BucketMisbehaved, "is not Azure Blob Storage"),
        (400, "hunter 2", Means.SAS, BucketMisbehaved, "status 400"),
    ],
)
def test_an_error_is_told_by_its_status_and_name_alone(
    status: int, code: str | None, means: Means, error: type[BucketError], says: str
) -> None:
    headers = {"x-ms-error-code": code} if code else {}
    found = explained(Answer(status, headers, b"<Error><Message>hunter2</Message></Error>"), place(CLOUD), means)
    with pytest.raises(error, match=says):
        raise found
    assert "hunter" not in str(found)


def test_a_wrong_clock_is_told_from_a_wrong_key() -> None:
    answer = Answer(
        403, {"x-ms-error-code": "AuthenticationFailed", "date": formatdate(time.time() + 3600, usegmt=True)}, b""
    )
    assert "clock" in str(explained(answer, place(CLOUD), Means.ACCOUNT_KEY))
    assert "clock" not in str(explained(answer, place(CLOUD), Means.SAS))


@pytest.mark.parametrize(
    ("message", "means", "says"),
    [
        ("AADSTS7000222: hunter2", Means.PRINCIPAL, "azureClientSecret has expired"),
        ("AADSTS900023: hunter2", Means.PRINCIPAL, "no tenant azureTenantId"),
        ("AADSTS123456: hunter2", Means.PRINCIPAL, r"cannot sign in \(AADSTS123456\); check azureTenantId"),
        ("hunter2", Means.PRINCIPAL, "check azureTenantId, azureClientId and azureClientSecret"),
        ("hunter2", Means.IDENTITY, "this machine has none"),
    ],
)
def test_who_cannot_sign_in_is_told_by_a_number_alone(message: str, means: Means, says: str) -> None:
    found = signing_in(message, means)
    with pytest.raises(BucketRefused, match=says):
        raise found
    assert "hunter" not in str(found)

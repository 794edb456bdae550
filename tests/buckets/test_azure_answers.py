"""What is taken for an answer of Azure, and what is asked next."""

import logging
from collections.abc import Callable, Mapping
from urllib.parse import quote

import pytest

from bucketlink.buckets import BucketReader
from bucketlink.buckets.azure import AzureReader
from bucketlink.buckets.http import Answer, Http, Request
from bucketlink.buckets.reach import Origin
from bucketlink.errors import BucketMisbehaved, BucketRefused, InvalidInput
from bucketlink.model import Access, Credentials, Platform
from tests.buckets.azure_holders import CLOUD, azure_reader
from tests.buckets.holders import CANARY, keys_of, pages_reader, settings
from tests.servers.pages import Faults, PageServer, Stored
from tests.servers.pages_azure import Azure

HEAD = '<?xml version="1.0" encoding="utf-8"?><EnumerationResults>'


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

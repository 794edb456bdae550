"""URLs of assets and previews of them: signed by the platform, handed on by the server, and embedded without one."""

import base64
import io
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.request import urlopen

import pytest
from PIL import Image

from bucketlink import Client
from bucketlink.client.assets import preview
from bucketlink.client.assets.preview import Preview
from bucketlink.errors import InvalidInput
from tests.api.imported import Imported, numbered
from tests.api.server import PRIVATE, Server
from tests.servers.pages import PageServer
from tests.servers.pages_core import Stored

SAS = "sv=2024-11-04&sp=rl&sr=c&se=2099-01-01T00:00:00Z&sig=canary%3D"
MARKUP = '"><img src=x onerror=alert(1)> $x$ &amp;.jpg'
TURNED = "a\u202egpj.exe\n.jpg"


def picture(colour: str = "red") -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (400, 200), colour).save(written, "JPEG")
    return written.getvalue()


BODIES = {
    MARKUP: picture(),
    TURNED: picture("blue"),
    "b/cut.jpg": picture()[:500],
    "b/empty.jpg": b"",
    "b/huge.jpg": b"\0" * (preview.MOST_BYTES + 1),
    "b/noise.png": b"<script>alert(2)</script>",
    "c.jpg": picture("green"),
}
PICTURES = {MARKUP, TURNED, "c.jpg"}
Register = Callable[[Client, PageServer, Path], str]


def of_folder(client: Client, _: PageServer, folder: Path) -> str:
    folder.mkdir(parents=True)
    for key, body in BODIES.items():
        (folder / key).parent.mkdir(exist_ok=True)
        (folder / key).write_bytes(body)
    return str(client.create_cloud_storage_integration("Folder", "b", folder_path=str(folder))["id"])


def of_s3(client: Client, pages: PageServer, _: Path) -> str:
    given = {"s3_bucket_name": "bucket", "s3_endpoint": pages.endpoint}
    return str(client.create_cloud_storage_integration("CustomS3", "b", **given)["id"])  # type: ignore[arg-type]


def of_azure(client: Client, pages: PageServer, _: Path) -> str:
    url = f"{pages.endpoint}/devstoreaccount1/container"
    made = client.create_cloud_storage_integration("Azure", "b", azure_connection_url=url, azure_sas_token=SAS)
    return str(made["id"])


@dataclass(frozen=True, slots=True)
class Place:
    """A project of images, and how it is reached."""

    client: Client
    project: str
    is_embedded: bool
    register: Register


@pytest.fixture(
    params=[(way, register) for way in ("embedded", "http") for register in (of_folder, of_s3, of_azure)],
    scope="module",
)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Its assets are of `BODIES`; tests look at them alone."""
    way, register = request.param
    directory = tmp_path_factory.mktemp("place")
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS", "true")
        pages = stack.enter_context(PageServer())
        pages.put_all({key: Stored(len(body), "e", "image/jpeg", body=body) for key, body in BODIES.items()})
        if way == "embedded":
            client = Client.embedded(directory / "data", folder_roots=[directory / "buckets"])
        else:
            server = stack.enter_context(Server(directory, PRIVATE))
            client = Client(server.api_key, server.endpoint)
        stack.enter_context(client)
        integration = register(client, pages, directory / "buckets" / "b")
        project = client.create_project("Pictures", input_type="IMAGE")["id"]
        connection = client.add_cloud_storage_connection(project, integration)["id"]
        client.synchronize_cloud_storage_connection(connection, progress=False)
        yield Place(client, project, way == "embedded", register)


def test_urls_lead_to_the_objects_or_say_why_there_is_none(place: Place) -> None:
    rows = list(place.client.signed_urls(place.project))

    assert {row["externalId"] for row in rows} == BODIES.keys()
    assert all([*row] == ["id", "externalId", "url", "expiresAt", "reason"] for row in rows)
    if place.is_embedded and place.register is of_azure:
        assert {(row["url"], row["expiresAt"]) for row in rows} == {(None, None)}
        assert all("`bucketlink serve`" in (row["reason"] or "") for row in rows)
        return
    for row in rows:
        assert row["url"]
        assert row["reason"] is None
        with urlopen(row["url"]) as answer:  # noqa: S310 - our own
            assert answer.read() == BODIES[row["externalId"]]
        assert (row["expiresAt"] is None) is (place.is_embedded and place.register is of_folder)
    (only,) = place.client.signed_urls(place.project, external_id_in=["c.j"], first=5)
    assert only["externalId"] == "c.jpg"


def test_a_preview_shows_what_can_be_shown(place: Place) -> None:
    shown = place.client.preview(place.project)

    assert repr(shown) == f"<Preview of {place.project}: {len(BODIES)} assets, 3 with pictures>"
    tiles = {tile.key: tile for tile in shown.tiles}
    assert {key for key, tile in tiles.items() if tile.picture} == PICTURES
    with Image.open(io.BytesIO(tiles["c.jpg"].picture or b""), formats=["JPEG"]) as small:
        assert small.size == (160, 80)
        assert small.getpixel((80, 40)) in {(0, 128, 0), (0, 128, 1)}
    reasons = {key: tile.reason or "" for key, tile in tiles.items() if not tile.picture}
    assert "damaged" in reasons["b/cut.jpg"]
    assert "is empty" in reasons["b/empty.jpg"]
    assert "larger than" in reasons["b/huge.jpg"]
    assert "no image of the formats" in reasons["b/noise.png"]


class Markup(HTMLParser):
    """The tags of a document, where its pictures come from, and its texts."""

    def __init__(self, document: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.sources: list[str] = []
        self.texts: list[str] = []
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.sources += [value or "" for name, value in attrs if name == "src"]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_nothing_that_a_bucket_s_owner_wrote_is_markup(place: Place) -> None:
    shown = place.client.preview(place.project)

    document = Markup(shown._repr_html_())

    assert document.tags == {"div", "figure", "img", "span", "figcaption", "bdi"}
    assert document.attributes == {"class", "style", "src", "alt", "title"}
    assert all(re.fullmatch(r"data:image/jpeg;base64,[A-Za-z0-9+/]+=*", source) for source in document.sources)
    pictures = [base64.b64decode(source.partition(",")[2]) for source in document.sources]
    assert pictures == [tile.picture for tile in shown.tiles if tile.picture]
    assert MARKUP in document.texts
    assert r"a\u202egpj.exe\n.jpg" in document.texts
    assert "expires" not in shown._repr_html_().lower()


def test_objects_that_are_gone_do_not_spoil_a_preview(local: Imported) -> None:
    (local.folder / "2.jpg").write_bytes(picture())
    local.add(["1.jpg", "2.jpg", "notes.txt", "nothing"])
    with local.database() as database:
        database.execute("UPDATE integrations SET include_root_files = 1")
        database.execute("UPDATE assets SET content_type = NULL")
        database.execute("UPDATE assets SET archived = 'GLACIER' WHERE key = 'nothing'")

    shown = local.client.preview(local.project, first=4)

    gone, there, text, nothing = shown.tiles
    assert "not in its bucket any more" in (gone.reason or "")
    assert (there.picture is not None, there.kind) == (True, "image/jpeg")
    assert (text.kind, text.picture, text.reason) == ("text/plain", None, None)
    assert (nothing.kind, nothing.picture, nothing.reason) == ("", None, None)
    assert "text/plain" in shown._repr_html_()


def test_a_preview_of_nothing_says_so(local: Imported) -> None:
    shown = local.client.preview(local.project)

    assert shown == Preview(local.project, ())
    assert shown._repr_html_() == "<p>No asset.</p>"


def test_a_preview_without_pillow_says_what_to_install(local: Imported, monkeypatch: pytest.MonkeyPatch) -> None:
    (local.folder / "1.jpg").write_bytes(picture())
    local.add(["1.jpg"])
    read: list[object] = []
    monkeypatch.setattr(local.client.wire, "read_object", lambda *given: read.append(given))
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.delitem(sys.modules, "PIL.Image")

    with pytest.raises(InvalidInput, match=r'pip install "bucketlink\[preview\]"'):
        local.client.preview(local.project)

    assert read == []


def test_a_bucket_that_hangs_does_not_hold_up_a_preview(local: Imported, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "SECONDS", 0.0)
    local.add(numbered(3))

    shown = local.client.preview(local.project)

    assert {tile.reason for tile in shown.tiles} == {"It was not read in time."}


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda client: client.preview("prj1", first=0), "from 1 to 100"),
        (lambda client: client.preview("prj1", first=101), "from 1 to 100"),
        (lambda client: client.preview("prj9"), "no project with the id prj9"),
        (lambda client: client.preview("prj1", assignee_in=["Ana"]), "no assignments"),
        (lambda client: client.signed_urls("prj1", first=-1), "first must be"),
        (lambda client: list(client.signed_urls("prj9")), "no project with the id prj9"),
        (lambda client: list(client.signed_urls("prj1", created_at_gte="x")), "not a date"),
    ],
)
def test_what_cannot_be_shown_is_refused(local: Imported, ask: Callable[[Client], object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        ask(local.client)

"""Every command where something is wrong: one line that helps, the right exit status, and nothing lost."""

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import click
import pytest
from sqlalchemy import text

from bucketlink.cli.root import root
from bucketlink.home import open_home
from bucketlink.settings import Settings
from bucketlink.store.database import Database
from tests.api.command_line import Done, Inside
from tests.api.server import Server
from tests.servers.process import free_port

Leaf = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """The least that a command can be given.

    Attributes:
        args: what makes it valid.
        is_remote: whether it can be done at a server.
        opens: whether it opens a data directory.
        writes: whether it changes something there.

    """

    args: tuple[str, ...] = ()
    is_remote: bool = True
    opens: bool = True
    writes: bool = False


def _local(*args: str, opens: bool = True) -> Way:
    return Way(args, is_remote=False, opens=opens)


def _writing(*args: str) -> Way:
    return Way(args, writes=True)


COMMANDS: dict[Leaf, Way] = {
    ("demo",): _local(),
    ("projects", "list"): Way(),
    ("projects", "create"): _writing("Bears"),
    ("projects", "delete"): _writing("prj1", "--yes"),
    ("integrations", "list"): Way(),
    ("integrations", "add"): _writing("--folder", "/never", "--name", "never"),
    ("integrations", "check"): _writing("int1"),
    ("integrations", "update"): _writing("int1", "--name", "x"),
    ("integrations", "remove"): _writing("int2", "--yes"),
    ("integrations", "external-id"): Way(),
    ("connections", "list"): Way(),
    ("connections", "show"): Way(("con1",)),
    ("connections", "add"): _writing("--project", "prj1", "--integration", "int1"),
    ("connections", "update"): _writing("con1", "--prefix", "a"),
    ("connections", "remove"): _writing("con1"),
    ("assets", "list"): Way(("prj1",)),
    ("assets", "count"): Way(("prj1",)),
    ("assets", "export"): Way(("prj1",)),
    ("diff",): _writing("con1"),
    ("sync",): _writing("con1"),
    ("runs",): Way(("con1",)),
    ("cancel",): _writing("run1"),
    ("undo",): _writing("run1"),
    ("serve",): _local("--port", str(free_port())),
    ("worker",): _local(),
    ("keys", "create"): _writing("--email", "ana@example.com"),
    ("keys", "list"): Way(),
    ("keys", "revoke"): _writing("key1", "--yes"),
    ("doctor",): Way(),
    ("completion",): _local("bash", opens=False),
}
DOCTOR: Leaf = ("doctor",)
"""Tells on standard output what is wrong, which is its work."""


def leaves(command: click.Command, path: Leaf = ()) -> Iterator[tuple[Leaf, click.Command]]:
    """Every command that does something, by its words."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        assert below is not None
        yield from leaves(below, (*path, name))


ALL = dict(leaves(root))


def every(wanted: Callable[[Way], bool]) -> pytest.MarkDecorator:
    named = [pytest.param(leaf, id=" ".join(leaf)) for leaf, way in COMMANDS.items() if wanted(way)]
    return pytest.mark.parametrize("leaf", named)


def test_the_table_holds_every_command() -> None:
    assert COMMANDS.keys() == ALL.keys()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Inside:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    return Inside(capsys)


def refused(run: Inside, leaf: Leaf, *more: str, status: int) -> str:
    """The one line by which a command is refused; the doctor's report."""
    args = [*leaf, *COMMANDS[leaf].args, *more]
    if leaf == DOCTOR and status == 1:
        done = run.run(args)
        assert (done.status, "Traceback" in done.stdout + done.stderr) == (1, False), done
        return done.stdout
    return run(*args, status=status).stderr


# Wrong options


@every(lambda _: True)
def test_wrong_options_are_refused_before_anything_is_done(run: Inside, tmp_path: Path, leaf: Leaf) -> None:
    assert "No such option" in refused(run, leaf, "--nonsense", status=2)
    assert "unexpected extra argument" in refused(run, leaf, "a", "b", "c", status=2)
    required = [parameter for parameter in ALL[leaf].params if parameter.required]
    if required:
        assert "Missing" in run(*leaf, status=2).stderr
    if COMMANDS[leaf].is_remote:
        both = refused(run, leaf, "--endpoint", "http://x", "--data-dir", str(tmp_path / "d"), status=2)
        assert "give one of them" in both
        two = refused(run, leaf, "--endpoint", "http://x", "--api-key", "k", "--api-key-file", __file__, status=2)
        assert "give one of them" in two
    elif COMMANDS[leaf].opens:
        assert "--endpoint" in refused(run, leaf, "--endpoint", "http://x", status=2)
    assert not (tmp_path / "share").exists()


# A server that is none, or does not let one in


class _Answering(BaseHTTPRequestHandler):
    status, kind, body = 200, "text/html", b"<html>Welcome</html>"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"] or 0))
        self.send_response(self.status)
        self.send_header("content-type", self.kind)
        self.send_header("content-length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture(scope="module")
def impostor() -> Iterator[str]:
    """The address of a server that is no Bucketlink."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answering) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


remote = every(lambda way: way.is_remote)


@remote
def test_without_a_server_it_says_so(run: Inside, leaf: Leaf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bucketlink.client.graphql.transport.time.sleep", lambda _: None)
    said = refused(run, leaf, "--endpoint", f"http://127.0.0.1:{free_port()}", "--api-key", "bl_key", status=1)
    assert "127.0.0.1" in said


@remote
def test_without_a_key_it_says_how_to_get_one(run: Inside, leaf: Leaf, impostor: str) -> None:
    assert "key" in refused(run, leaf, "--endpoint", impostor, status=1)


@remote
def test_a_server_that_is_no_bucketlink_is_told_apart(run: Inside, leaf: Leaf, impostor: str) -> None:
    said = refused(run, leaf, "--endpoint", impostor, "--api-key", "bl_key", status=1)
    assert "not Bucketlink" in said or "no Bucketlink" in said


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A server's address, and a key of it that has expired."""
    data = {"data": {"email": "late@example.com", "role": "ADMIN", "expiresInDays": 1}}
    document = "mutation ($data: CreateApiKeyData!) { data: createApiKey(data: $data) { key } }"
    with Server(tmp_path_factory.mktemp("server")) as started:
        key = started.data(document, data)["key"]
        home = open_home(Settings(data_dir=started.data_dir))
        with home.database.write() as tx:
            tx.execute(text("UPDATE api_keys SET expires_at = 1 WHERE expires_at IS NOT NULL"))
        home.close()
        yield started.endpoint, key


@remote
def test_a_wrong_or_expired_key_is_refused_and_not_repeated(run: Inside, leaf: Leaf, server: tuple[str, str]) -> None:
    endpoint, expired = server
    for key in ("bl_wrong", expired):
        said = refused(run, leaf, "--endpoint", endpoint, "--api-key", key, status=1)
        assert "key" in said
        assert key not in said


# A data directory that is none


embedded = every(lambda way: way.opens)


@embedded
def test_a_database_that_is_a_text_is_left_as_it_is(run: Inside, tmp_path: Path, leaf: Leaf) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "bucketlink.db").write_text("This is no database.\n" * 100)
    said = refused(run, leaf, "--data-dir", str(tmp_path / "data"), status=1)
    assert "bucketlink.db" in said or "database" in said
    assert (tmp_path / "data" / "bucketlink.db").read_text() == "This is no database.\n" * 100


@embedded
def test_a_directory_that_cannot_be_there_is_named(run: Inside, tmp_path: Path, leaf: Leaf) -> None:
    (tmp_path / "file").write_text("")
    assert "file" in refused(run, leaf, "--data-dir", str(tmp_path / "file" / "below"), status=1)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with one of everything: prj1, int1 and int2, con1, run1, and three assets."""
    from bucketlink import Client  # noqa: PLC0415

    directory = tmp_path_factory.mktemp("template")
    (directory / "bucket").mkdir()
    for number in range(3):
        (directory / "bucket" / f"{number}.jpg").write_bytes(b"x")
    with Client.embedded(directory / "data", folder_roots=[directory / "bucket"]) as client:
        project = client.create_project("Bears", input_type="IMAGE")["id"]
        for name in ("bears", "spare"):
            client.create_cloud_storage_integration("Folder", name, folder_path=str(directory / "bucket"))
        connection = client.add_cloud_storage_connection(project, "int1")["id"]
        client.synchronize_cloud_storage_connection(connection)
    with Database(directory / "data" / "bucketlink.db").engine.connect() as tx:
        tx.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return directory / "data"


@contextmanager
def mounted(directory: Path, options: str) -> Iterator[None]:
    """A file system of its own, where this user may make one."""
    directory.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", directory], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", directory], check=True)


def rows(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """Everything in a database, save replies kept for requests that are sent again."""
    opened = Database(database)
    with opened.read() as tx:
        assert tx.scalar(text("PRAGMA integrity_check")) == "ok"
        names = tx.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table' AND name != 'replies'")).all()
        found = {name: sorted(map(tuple, tx.execute(text(f"SELECT * FROM {name}"))), key=repr) for name in names}
    opened.close()
    return found


@embedded
def test_a_directory_that_cannot_be_written_is_said(run: Inside, tmp_path: Path, template: Path, leaf: Leaf) -> None:
    data = tmp_path / "data"
    with mounted(data, "size=4m"):
        shutil.copytree(template, data, dirs_exist_ok=True)
        before = rows(data / "bucketlink.db")
        subprocess.run(["mount", "-o", "remount,ro", data], check=True)
        args = [*leaf, *COMMANDS[leaf].args, "--data-dir", str(data)]
        done = run.run(args)
        subprocess.run(["mount", "-o", "remount,rw", data], check=True)
        assert_told(done, leaf, must_fail=COMMANDS[leaf].writes or not COMMANDS[leaf].is_remote)
        assert rows(data / "bucketlink.db") == before


@every(lambda way: way.writes)
def test_on_a_full_disk_nothing_is_lost(run: Inside, tmp_path: Path, template: Path, leaf: Leaf) -> None:
    data = tmp_path / "data"
    with mounted(data, "size=1m"):
        shutil.copytree(template, data, dirs_exist_ok=True)
        before = rows(data / "bucketlink.db")
        fill(data / "ballast")
        done = run.run([*leaf, *COMMANDS[leaf].args, "--data-dir", str(data)])
        assert_told(done, leaf, must_fail=True)
        (data / "ballast").unlink()
        assert rows(data / "bucketlink.db") == before
        assert run("assets", "count", "prj1", "--data-dir", data).stdout == "3\n"


def fill(ballast: Path) -> None:
    """Write until nothing more can be."""
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


def assert_told(done: Done, leaf: Leaf, *, must_fail: bool) -> None:
    """That a command has either done its work, if it can be done, or said in one line why not."""
    assert "Traceback" not in done.stdout + done.stderr
    if leaf == DOCTOR:
        return
    assert done.status == 1 if must_fail else done.status in {0, 1}, done
    if done.status:
        assert (done.stdout, done.stderr.count("\n")) == ("", 1), done
        assert done.stderr.startswith("bucketlink: ")

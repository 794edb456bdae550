"""A server that is well, that is not there, and that is another."""

import re
import ssl
import threading
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import time

import pytest
import trustme

from bucketlink import __version__
from tests.api.doctor.asking import KEY, SECRET, Doctor, change, register
from tests.api.server import Server
from tests.servers.pages import PageServer
from tests.servers.process import free_port


class _Web(BaseHTTPRequestHandler):
    """Answers every request with a page, from a clock that is wrong."""

    def do_GET(self) -> None:
        body = b'{"version": "something else"}'
        self.send_response_only(200)
        self.send_header("Date", formatdate(time() + 1000, usegmt=True))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_HEAD = do_POST = do_GET  # noqa: N815 - names of the library

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def stranger() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Web) as web:
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{web.server_address[1]}"
        web.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("server"), api_key=KEY) as running:
        yield running


def test_a_server_that_is_well(doctor: Doctor, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKETLINK_API_KEY", KEY)
    found = doctor("--endpoint", server.endpoint)
    assert found["server"][0]["text"] == f"{server.endpoint} is Bucketlink {__version__}."
    assert [found[check][0]["verdict"] for check in ("server", "API key", "clock")] == ["ok"] * 3
    assert "data directory" not in found


@pytest.mark.usefixtures("made")
def test_a_server_named_by_the_environment_leaves_the_directory_to_be_looked_at(
    doctor: Doctor, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUCKETLINK_API_KEY", KEY)
    monkeypatch.setenv("BUCKETLINK_API_ENDPOINT", server.endpoint)
    found = doctor()
    assert found["server"][0]["verdict"] == found["data directory"][0]["verdict"] == "ok"


def test_a_key_that_the_server_does_not_know(doctor: Doctor, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.one("API key", "--endpoint", server.endpoint, status=1)[0] == "wrong"
    monkeypatch.setenv("BUCKETLINK_API_KEY", SECRET)
    verdict, text = doctor.one("API key", "--endpoint", server.endpoint, status=1)
    assert (verdict, "refuses the API key" in text) == ("wrong", True)


def test_a_server_that_is_not_there(doctor: Doctor) -> None:
    verdict, text = doctor.one("server", "--endpoint", f"http://127.0.0.1:{free_port()}", status=1)
    assert (verdict, "No answer from" in text) == ("wrong", True)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("HTTP_PROXY", "bad::x", "names a proxy that cannot be used"),
        ("SSL_CERT_FILE", "/nonexistent", "names no CA certificates"),
    ],
)
def test_an_environment_that_keeps_from_asking_is_told(
    doctor: Doctor, server: Server, monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    verdict, text = doctor.one("server", "--endpoint", server.endpoint, status=1)
    assert (verdict, name in text, says in text) == ("wrong", True, True)


def test_a_server_whose_certificate_is_not_trusted(doctor: Doctor) -> None:
    context, pages = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), PageServer(["a.jpg"])
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    pages._server.socket = context.wrap_socket(pages._server.socket, server_side=True)
    with pages:
        endpoint = pages.endpoint.replace("http:", "https:")
        verdict, text = doctor.one("server", "--endpoint", endpoint, status=1)
    assert (verdict, "SSL_CERT_FILE" in text, "verify=" in text) == ("wrong", True, False)


def test_a_server_that_is_another_and_has_another_time(doctor: Doctor, stranger: str) -> None:
    found = doctor("--endpoint", stranger, "--api-key", "k", status=1)
    assert found["server"][0]["verdict"] == found["clock"][0]["verdict"] == "wrong"
    assert re.search(r" (999|1000) s apart", found["clock"][0]["text"])


def test_the_time_of_a_bucket_is_compared(doctor: Doctor, made: Path, stranger: str, bucket: PageServer) -> None:
    register(made, bucket.endpoint)
    change(made, "UPDATE integrations SET endpoint = ?", stranger)
    assert doctor(status=1)["clock"][0]["verdict"] == "wrong"

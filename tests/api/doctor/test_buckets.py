"""Buckets that cannot be reached, and certificates that end; one of them hides no other."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from bucketlink import Client
from bucketlink.doctor import buckets as buckets_module
from tests.api.command_line import Inside
from tests.api.doctor.asking import SECRET, Doctor, change, register
from tests.servers.pages import PageServer


def test_a_bucket_that_cannot_be_reached_any_more(doctor: Doctor, made: Path) -> None:
    with PageServer(f"{n}.jpg" for n in range(10)) as gone:
        register(made, gone.endpoint, "gone\x1b[2J")
    found = doctor(status=1)["int1"][0]
    assert found["verdict"] == "wrong"
    assert "No connection to http://127.0.0.1" in found["text"]
    assert "bucketlink integrations check int1" in found["mend"]


@pytest.mark.usefixtures("doctor")
def test_names_do_not_steer_a_terminal(made: Path, bucket: PageServer, capsys: pytest.CaptureFixture[str]) -> None:
    register(made, bucket.endpoint, "gone\x1b[2J\n")
    assert "gone\\x1b[2J\\n (CustomS3) can be read." in Inside(capsys)("doctor").stdout


def test_a_bucket_that_is_kept_as_broken_and_is_well_again(doctor: Doctor, made: Path, bucket: PageServer) -> None:
    register(made, bucket.endpoint)
    change(made, "UPDATE integrations SET status = 'DISCONNECTED'")
    assert doctor.one("int1")[0] == "warning"


def test_a_bucket_at_a_private_address_that_is_not_allowed(
    doctor: Doctor, made: Path, bucket: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(made, bucket.endpoint)
    monkeypatch.setenv("BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS", "false")
    verdict, text = doctor.one("int1", status=1)
    assert (verdict, "BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS" in text) == ("wrong", True)


@pytest.mark.parametrize(("days", "verdict"), [(5, "warning"), (90, "ok")])
def test_a_certificate_that_ends_soon(
    doctor: Doctor, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, verdict: str
) -> None:
    authority, context, pages = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), PageServer(["a.jpg"])
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    authority.issue_cert("127.0.0.1", not_after=datetime.now(UTC) + timedelta(days=days)).configure_cert(context)
    pages._server.socket = context.wrap_socket(pages._server.socket, server_side=True)
    with pages:
        register(made, pages.endpoint.replace("http:", "https:"))
        seen, text = doctor.one("int1")
    assert seen == verdict
    assert verdict == "ok" or "The certificate of street scenes ends in 5 days." in text


@pytest.mark.parametrize("endpoint", ["http://[", "https://h:x", "http://h:99999", ""])
def test_a_bucket_at_an_address_that_is_none_hides_no_other(
    doctor: Doctor, made: Path, bucket: PageServer, endpoint: str
) -> None:
    register(made, bucket.endpoint, "first")
    register(made, bucket.endpoint, "second")
    change(made, "UPDATE integrations SET endpoint = ? WHERE id = 1", endpoint)
    found = doctor(status=1)
    assert (found["int1"][0]["verdict"], found["int1"][0]["text"].partition(":")[0]) == ("wrong", "first")
    assert found["int2"][0]["verdict"] == "ok"


def test_a_look_at_a_bucket_that_fails_in_itself_hides_no_other(
    doctor: Doctor, made: Path, bucket: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(made, bucket.endpoint)
    register(made, bucket.endpoint)
    look, failing = buckets_module._look, iter([True])

    def first_fails(*arguments: Any) -> buckets_module.Seen:  # noqa: ANN401
        if next(failing, False):
            raise RuntimeError(SECRET)
        return look(*arguments)

    monkeypatch.setattr(buckets_module, "_look", first_fails)
    found = doctor(status=1)
    assert sorted(found[check][0]["verdict"] for check in ("int1", "int2")) == ["ok", "wrong"]
    assert found["clock"]


def test_a_folder_that_is_gone(doctor: Doctor, made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    with Client.embedded(made, folder_roots=[folder]) as client:
        client.create_cloud_storage_integration("Folder", "pictures", folder_path=str(folder))
    assert doctor()["int1"][0]["verdict"] == "ok"
    folder.rmdir()
    found = doctor(status=1)
    assert found["int1"][0]["verdict"] == "wrong"
    assert found["settings"][0]["verdict"] == "warning"
    assert found["clock"][0]["verdict"] == "skipped"

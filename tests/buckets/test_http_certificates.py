"""Which servers are believed to be the host that is asked."""

from pathlib import Path

import pytest

from bucketlink.buckets.reach import Origin
from bucketlink.errors import BucketUnreachable
from tests.buckets.asking import OK, Names, client, get
from tests.buckets.canned import certificate, raw_server


def test_a_certificate_of_the_host_is_accepted_and_the_host_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = certificate(tmp_path, "bucket.example")
    named: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: named.append(name)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    names = Names(**{"bucket.example": ["127.0.0.1"]})
    with raw_server(OK, context) as (port, _), client(names=names) as http:
        assert http.send(Origin("https", "bucket.example", port), get, limit=100).body == b"hi"
    assert named == ["bucket.example"]


def test_a_certificate_of_another_host_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = certificate(tmp_path, "other.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    names = Names(**{"bucket.example": ["127.0.0.1"]})
    with (
        raw_server(OK, context) as (port, asked),
        client(names=names) as http,
        pytest.raises(BucketUnreachable, match=r"certificate of https://bucket\.example"),
    ):
        http.send(Origin("https", "bucket.example", port), get, limit=100)
    assert asked == []
    assert names.asked == 1


def test_a_certificate_of_nobody_known_is_refused(tmp_path: Path) -> None:
    context = certificate(tmp_path, "bucket.example")
    names = Names(**{"bucket.example": ["127.0.0.1"]})
    with (
        raw_server(OK, context) as (port, asked),
        client(names=names) as http,
        pytest.raises(BucketUnreachable, match="certificate"),
    ):
        http.send(Origin("https", "bucket.example", port), get, limit=100)
    assert asked == []


def test_a_server_without_tls_is_unreachable_by_https() -> None:
    with raw_server(OK) as (port, _), client() as http, pytest.raises(BucketUnreachable, match="does it speak TLS"):
        http.send(Origin("https", "127.0.0.1", port), get, limit=100)

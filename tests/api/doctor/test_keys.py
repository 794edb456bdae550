"""Keys that open nothing, or that others may read."""

from pathlib import Path

import pytest

from tests.api.doctor.asking import Doctor, register
from tests.servers.pages import PageServer


@pytest.mark.parametrize("kind", ["gone", "another", "no key"])
def test_a_key_that_opens_nothing(doctor: Doctor, made: Path, bucket: PageServer, kind: str) -> None:
    register(made, bucket.endpoint)
    file = made / "secret.key"
    if kind == "gone":
        file.unlink()
    else:
        file.write_text("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" if kind == "another" else "no key")
        file.chmod(0o600)
    found = doctor(status=1)
    assert found["sealed credentials"][0]["verdict"] == "wrong"
    assert found["int1"][0]["verdict"] == "wrong"


def test_a_key_that_others_may_read(doctor: Doctor, made: Path) -> None:
    (made / "secret.key").chmod(0o644)
    assert doctor.one("key")[0] == "warning"

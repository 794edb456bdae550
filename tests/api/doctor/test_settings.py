"""Variables that nothing reads, values that make no sense, libraries that are missing."""

import re
from pathlib import Path

import pytest

from bucketlink.doctor import database as database_module
from bucketlink.doctor.environment import OF_COMMANDS
from bucketlink.settings import Settings
from tests.api.doctor.asking import SECRET, Doctor


@pytest.mark.usefixtures("made")
def test_variables_that_nothing_reads_are_named_with_what_may_be_meant(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUCKETLINK_DATADIR", SECRET)
    verdict, text = doctor.one("environment")
    assert (verdict, "Is BUCKETLINK_DATA_DIR meant?" in text) == ("warning", True)


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_LEVEL", "LOUD"),
        ("ADMIN_API_KEY", "short"),
        ("ALLOW_PRIVATE_ENDPOINTS", "perhaps"),
        ("SERVER_IDENTITIES", "IBM"),
        ("PUBLIC_URL", "bucketlink.example.com"),
        ("DATABASE_URL", f"postgresql://u:{SECRET}@h/b"),
    ],
)
def test_values_that_make_no_sense_are_told_and_all_else_is_looked_at(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"BUCKETLINK_{name}", value)
    found = doctor(status=1)
    assert found["settings"][0]["verdict"] == "wrong"
    assert found["settings"][0]["text"].startswith(f"BUCKETLINK_{name}")
    assert found["data directory"][0]["verdict"] == "ok"


@pytest.mark.usefixtures("made")
def test_optional_libraries_that_are_missing_are_told_with_how_to_get_them(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [
        "click>=8",
        'no-such-library>=1; extra == "fancy"',
        "click[more]>=8; python_version > '3' and extra == 'plain'",
    ]
    monkeypatch.setattr("bucketlink.doctor.environment.metadata.requires", lambda _: wanted)
    found = doctor()
    assert found["extra plain"][0]["verdict"] == "ok"
    (fancy,) = found["extra fancy"]
    assert (fancy["verdict"], "pip install 'bucketlink[fancy]'" in fancy["text"]) == ("skipped", True)


def test_every_variable_that_the_source_reads_is_known() -> None:
    own = Path(database_module.__file__).parent
    source = [path for path in own.parent.rglob("*.py") if path.parent != own]
    read = {name for path in source for name in re.findall(r'"BUCKETLINK_([A-Z0-9_]+)"', path.read_text("utf-8"))}
    assert read <= {*OF_COMMANDS, *(field.upper() for field in Settings.model_fields)}

"""Settings of the environment: how each is read, and what is said of what cannot be meant."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from bucketlink.errors import InvalidInput
from bucketlink.model import Platform
from bucketlink.settings import Settings, read_settings

KEY = "an-administrators-key-of-32-letters"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("allow_private_endpoints", "true", True),
        ("allow_private_endpoints", "YES", True),
        ("allow_private_endpoints", "1", True),
        ("allow_private_endpoints", "off", False),
        ("server_identities", "AWS, GCP,", (Platform.AWS, Platform.GCP)),
        ("folder_roots", "/a::/b c", (Path("/a"), Path("/b c"))),
        ("public_url", "https://annotate.example.com", "https://annotate.example.com"),
        ("admin_api_key", KEY, SecretStr(KEY)),
        ("data_dir", "/data", Path("/data")),
    ],
)
def test_each_is_read_from_its_variable(monkeypatch: pytest.MonkeyPatch, name: str, text: str, value: object) -> None:
    monkeypatch.setenv(f"BUCKETLINK_{name.upper()}", text)
    assert getattr(read_settings(), name) == value


def test_what_is_given_counts_before_the_environment_and_an_empty_variable_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BUCKETLINK_DATA_DIR", "/elsewhere")
    monkeypatch.setenv("BUCKETLINK_ADMIN_API_KEY", "")
    settings = read_settings(data_dir=tmp_path)
    assert (settings.data_dir, settings.admin_api_key) == (tmp_path, None)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("ALLOW_PRIVATE_ENDPOINTS", "perhaps", ".*valid boolean"),
        ("SERVER_IDENTITIES", "AWS,IBM", ".*'AWS', "),
        ("ADMIN_API_KEY", "the-secret", "must have 32 characters or more"),
        ("DATABASE_URL", "the-secret", "must be a file"),
    ],
)
def test_what_cannot_be_meant_is_named_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, said: str
) -> None:
    monkeypatch.setenv(f"BUCKETLINK_{name}", text)
    with pytest.raises(InvalidInput, match=f"^BUCKETLINK_{name}: {said}") as caught:
        read_settings()
    assert text not in str(caught.value)


def test_secrets_are_not_shown() -> None:
    assert KEY not in repr(Settings(secret_key=SecretStr(KEY), admin_api_key=SecretStr(KEY)))

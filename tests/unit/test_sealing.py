"""Credentials are sealed to their row, under a key that can be replaced, and never lie about in the clear."""

import base64
import logging
import os
import secrets
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from bucketlink.errors import SealingError
from bucketlink.home import DATABASE_FILE, open_home
from bucketlink.model import Access, BucketAddress, Credentials, Platform, Restriction
from bucketlink.sealing import KEY_BYTES, KEY_FILE, Sealer, key_id
from bucketlink.settings import Settings
from bucketlink.store import accounts, integrations

SECRET = Credentials("AKIA-canary", "canary-of-a-secret", "canary-of-a-token")
ROW = {"organization_id": 3, "integration_id": 14}


def new_key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


def text(*keys: bytes) -> SecretStr:
    """Keys as the setting gives them."""
    return SecretStr(",".join(base64.b64encode(key).decode() for key in keys))


@pytest.mark.parametrize("given", [SECRET, Credentials("a", "b"), Credentials("é\0", "\N{KEY}" * 1000)])
def test_what_is_sealed_opens_as_it_was(given: Credentials) -> None:
    sealer = Sealer([new_key()])

    assert sealer.open(sealer.seal(given, **ROW), **ROW) == given


def test_sealing_twice_gives_two_values_without_a_trace_of_the_secret() -> None:
    sealer = Sealer([new_key()])
    first, second = sealer.seal(SECRET, **ROW), sealer.seal(SECRET, **ROW)

    assert first != second
    assert b"canary" not in first + second


def test_a_value_does_not_open_in_another_row_or_organization() -> None:
    sealer = Sealer([new_key()])
    sealed = sealer.seal(SECRET, **ROW)

    for moved in ({**ROW, "integration_id": 15}, {**ROW, "organization_id": 4}):
        with pytest.raises(SealingError, match="were altered"):
            sealer.open(sealed, **moved)


def test_a_value_with_any_byte_altered_does_not_open() -> None:
    sealer = Sealer([new_key()])
    sealed = sealer.seal(SECRET, **ROW)

    for position in range(len(sealed)):
        altered = bytearray(sealed)
        altered[position] ^= 1
        with pytest.raises(SealingError) as caught:
            sealer.open(bytes(altered), **ROW)
        assert "canary" not in str(caught.value)


@pytest.mark.parametrize("length", [0, 1, 9, 20, 69, 81])
def test_a_value_that_was_cut_short_does_not_open(length: int) -> None:
    sealer = Sealer([new_key()])

    with pytest.raises(SealingError):
        sealer.open(sealer.seal(SECRET, **ROW)[:length], **ROW)


def test_a_value_does_not_open_with_another_key() -> None:
    sealed = Sealer([new_key()]).seal(SECRET, **ROW)

    with pytest.raises(SealingError, match="BUCKETLINK_SECRET_KEY"):
        Sealer([new_key()]).open(sealed, **ROW)


def test_a_new_key_put_first_seals_while_the_old_one_still_opens() -> None:
    old, new = new_key(), new_key()
    before = Sealer([old]).seal(SECRET, **ROW)
    rotating = Sealer([new, old])
    after = rotating.seal(SECRET, **ROW)

    assert rotating.open(before, **ROW) == rotating.open(after, **ROW) == SECRET
    assert Sealer([new]).open(after, **ROW) == SECRET
    assert key_id(before) != key_id(after)
    assert not Sealer([new]).knows(key_id(before))


def test_credentials_and_sealers_do_not_print_what_they_hold() -> None:
    key = new_key()

    assert "canary" not in f"{SECRET} {SECRET!r} {Credentials('canary-canary')!r}"
    assert base64.b64encode(key).decode() not in repr(Sealer([key]))
    assert str(key) not in repr(Sealer([key]))


# A data directory and its key.


def seal_one(settings: Settings) -> None:
    """Keep one integration's credentials in a data directory."""
    home = open_home(settings)
    with home.database.write() as tx:
        integrations.add(
            tx,
            home.sealer,
            accounts.ensure_local_administrator(tx).organization_id,
            name="A bucket",
            address=BucketAddress(Platform.AWS, "a-bucket"),
            access=Access(),
            restriction=Restriction(),
            allowed_projects=None,
            credentials=SECRET,
        )
    home.close()


def opened(settings: Settings) -> Credentials:
    """The credentials that `seal_one` kept."""
    home = open_home(settings)
    try:
        with home.database.read() as tx:
            return integrations.credentials(tx, home.sealer, integrations.find(tx, 1)[0])
    finally:
        home.close()


def test_the_first_start_makes_a_key_file_that_only_its_owner_may_read(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    before = os.umask(0)
    try:
        seal_one(settings)
    finally:
        os.umask(before)

    key_file = settings.data_dir / KEY_FILE
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert len(base64.b64decode(key_file.read_text())) == KEY_BYTES
    assert opened(settings) == SECRET
    assert sorted(path.name for path in settings.data_dir.glob(f"{KEY_FILE}*")) == [KEY_FILE]


def test_a_key_in_the_settings_makes_no_file(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", secret_key=text(new_key()))
    seal_one(settings)

    assert opened(settings) == SECRET
    assert not (settings.data_dir / KEY_FILE).exists()


def test_a_database_without_the_key_file_of_its_credentials_is_not_opened(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    seal_one(settings)
    (settings.data_dir / KEY_FILE).unlink()

    with pytest.raises(SealingError, match="BUCKETLINK_SECRET_KEY"):
        open_home(settings)


def test_a_database_with_another_key_is_not_opened(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", secret_key=text(new_key()))
    seal_one(settings)

    with pytest.raises(SealingError, match="sealed with a key that is not here"):
        open_home(settings.model_copy(update={"secret_key": text(new_key())}))


def test_a_database_is_opened_with_the_old_key_behind_a_new_one(tmp_path: Path) -> None:
    old, new = new_key(), new_key()
    settings = Settings(data_dir=tmp_path / "data", secret_key=text(old))
    seal_one(settings)

    assert opened(settings.model_copy(update={"secret_key": text(new, old)})) == SECRET


@pytest.mark.parametrize("wrong", ["", "nonsense", "YQ==", "é", "a" * 43 + "!"])
def test_a_key_file_that_is_no_key_is_not_used_or_replaced(tmp_path: Path, wrong: str) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    seal_one(settings)
    (settings.data_dir / KEY_FILE).write_text(wrong, "utf-8")

    with pytest.raises(SealingError, match="is not a key"):
        open_home(settings)
    assert (settings.data_dir / KEY_FILE).read_text("utf-8") == wrong


@pytest.mark.parametrize("given", ["0123456789abcdef" * 4, "not-base64_" * 4, "é" * 32])
def test_any_long_secret_of_the_settings_makes_a_key(tmp_path: Path, given: str) -> None:
    settings = Settings(data_dir=tmp_path / "data", secret_key=SecretStr(given))
    seal_one(settings)
    open_home(settings).close()
    with pytest.raises(SealingError):
        open_home(Settings(data_dir=tmp_path / "data", secret_key=SecretStr(f"{given}.")))


@pytest.mark.parametrize("wrong", ["canary-nonsense", "Y2FuYXJ5"])
def test_a_key_of_the_settings_that_is_no_key_is_refused_without_being_shown(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(SealingError, match="BUCKETLINK_SECRET_KEY is not a key") as caught:
        open_home(Settings(data_dir=tmp_path / "data", secret_key=SecretStr(wrong)))

    assert wrong not in str(caught.value)


def test_neither_secret_nor_key_is_in_the_database_or_in_a_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key = new_key()
    settings = Settings(data_dir=tmp_path / "data", secret_key=text(key))
    with caplog.at_level(logging.DEBUG):
        seal_one(settings)
        opened(settings)

    kept = (settings.data_dir / DATABASE_FILE).read_bytes() + caplog.text.encode()
    assert b"canary" not in kept
    assert key not in kept
    assert base64.b64encode(key) not in kept

"""Sealing credentials: AES-256-GCM, a data key per row under a master key.

A sealed value is bound to its organization and row: moved to another row it does not open. Its layout is one byte of
version, 8 bytes that name the master key, the wrapped data key (12 bytes of nonce, 48 of ciphertext) and the value
(12 bytes of nonce, then ciphertext).
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bucketlink.errors import SealingError
from bucketlink.model import Credentials
from bucketlink.settings import Settings

KEY_FILE = "secret.key"
KEY_BYTES = 32
SHORTEST_SECRET = 32
"""Characters of a secret from which a key is derived."""

_VERSION = b"\x01"
_NONCE = 12
_ID = slice(1, 9)
_WRAPPED = slice(9, 9 + _NONCE + KEY_BYTES + 16)
_VALUE = slice(_WRAPPED.stop, None)


class Sealer:
    """Seals with the first of its master keys and opens with any: put a new key first to rotate."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = {_name(key): AESGCM(key) for key in keys}
        self._first = _name(keys[0])
        self._signing = [_signing_key(key) for key in keys]

    def __repr__(self) -> str:
        return f"Sealer({len(self._keys)} keys)"

    def seal(self, credentials: Credentials, *, organization_id: int, integration_id: int) -> bytes:
        """Seal credentials for one integration of one organization."""
        bound = _bound(organization_id, integration_id)
        data_key = AESGCM.generate_key(256)
        wrapped = _encrypt(self._keys[self._first], data_key, bound)
        given = {name: value for name, value in asdict(credentials).items() if value is not None}
        value = _encrypt(AESGCM(data_key), json.dumps(given).encode(), bound)
        return _VERSION + self._first + wrapped + value

    def open(self, sealed: bytes, *, organization_id: int, integration_id: int) -> Credentials:
        """Open what `seal` made for the same integration; raises SealingError."""
        bound = _bound(organization_id, integration_id)
        master = self._keys.get(sealed[_ID])
        if sealed[:1] != _VERSION or master is None:
            raise SealingError(
                f"The credentials of integration {integration_id} are sealed with a key that is not here. Set "
                f"BUCKETLINK_SECRET_KEY to the key they were sealed with, or restore the file {KEY_FILE}."
            )
        try:
            data_key = _decrypt(master, sealed[_WRAPPED], bound)
            return Credentials(**json.loads(_decrypt(AESGCM(data_key), sealed[_VALUE], bound)))
        except (InvalidTag, ValueError):
            raise SealingError(
                f"The sealed credentials of integration {integration_id} were altered. Enter them again."
            ) from None

    def sign(self, message: bytes) -> bytes:
        """A seal of 32 bytes by which `signed` knows a message as made here; the message stays readable."""
        return hmac.digest(self._signing[0], message, hashlib.sha256)

    def signed(self, message: bytes, seal: bytes) -> bool:
        """Whether this seal was made of this message, with any of the master keys."""
        return any(hmac.compare_digest(hmac.digest(key, message, hashlib.sha256), seal) for key in self._signing)

    def knows(self, sealed_key_id: bytes) -> bool:
        """Whether values that carry this id of a master key can be opened."""
        return sealed_key_id in self._keys


def key_id(sealed: bytes) -> bytes:
    """The id of the master key that a sealed value needs."""
    return sealed[_ID]


def open_sealer(settings: Settings) -> Sealer:
    """The sealer of a data directory: keys from the settings, else from its key file; raises SealingError."""
    path = settings.data_dir / KEY_FILE
    if settings.secret_key is not None:
        texts = settings.secret_key.get_secret_value().split(",")
        keys = [_of_setting(text.strip()) for text in texts]
        # A process without the setting may have made a key file, and sealed with it.
        left_behind = _decoded(path.read_text("ascii", errors="replace").strip()) if path.exists() else None
        return Sealer(keys if left_behind is None else [*keys, left_behind])
    key = _decoded(path.read_text("ascii", errors="replace").strip())
    if key is None:
        raise SealingError(
            f"The file {path} is not a key: it must hold {KEY_BYTES} bytes in base64. Restore it; without the right "
            "key, stored credentials cannot be opened."
        )
    return Sealer([key])


def make_key_file(data_dir: Path) -> None:
    """Make a data directory's key file, readable by its owner only; one that is there by now stays."""
    path = data_dir / KEY_FILE
    partial = path.with_name(f"{KEY_FILE}.{secrets.token_hex(8)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        os.link(partial, path)
    partial.unlink()


def _of_setting(text: str) -> bytes:
    """The key that an operator gives: as in a key file, or any other secret that is long enough."""
    key = _decoded(text)
    if key is None and len(text) >= SHORTEST_SECRET:
        key = HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=b"bucketlink master key").derive(text.encode())
    if key is None:
        raise SealingError(
            f"BUCKETLINK_SECRET_KEY is not a key: give {KEY_BYTES} bytes in base64 (`openssl rand -base64 {KEY_BYTES}` "
            f"makes them), or another random secret of {SHORTEST_SECRET} characters or more."
        )
    return key


def _decoded(text: str) -> bytes | None:
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return key if len(key) == KEY_BYTES else None


def _signing_key(key: bytes) -> bytes:
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=b"bucketlink signing key").derive(key)


def _name(key: bytes) -> bytes:
    return hashlib.sha256(b"bucketlink key id" + key).digest()[:8]


def _bound(organization_id: int, integration_id: int) -> bytes:
    return f"bucketlink:{organization_id}:{integration_id}".encode()


def _encrypt(key: AESGCM, value: bytes, bound: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return nonce + key.encrypt(nonce, value, bound)


def _decrypt(key: AESGCM, value: bytes, bound: bytes) -> bytes:
    return key.decrypt(value[:_NONCE], value[_NONCE:], bound)

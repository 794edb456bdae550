"""What can hold objects for a reader to read, and how it is read."""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Protocol
from zlib import crc32

from bucketlink.buckets import BucketReader, open_bucket
from bucketlink.buckets.reach import Patience
from bucketlink.buckets.s3 import S3Reader
from bucketlink.model import BucketAddress, Credentials, Platform
from bucketlink.settings import Settings
from bucketlink.spans import Page
from tests.buckets.hard_keys import HARD_KEYS, unfit_for_a_folder
from tests.servers.pages import Faults, PageServer, Stored
from tests.servers.rgw import Bucket, Rgw

IMPATIENT = Patience(attempts=4, sleep=lambda _: None)
ANY_KEYS = Credentials("access", "secret")
AZURE_KEY = Credentials(account_key="c2VjcmV0LWtleS1vZi1uby1hY2NvdW50")
AZURE_ACCOUNT = "devstoreaccount1"

WRONG_SECRET = "a wrong secret"
UNKNOWN_KEY = "an unknown key"
NOT_PERMITTED = "a key without permission"
EXPIRED = "expired credentials"
ANONYMOUS = "no credentials"
WAYS_TO_BE_REFUSED = (WRONG_SECRET, UNKNOWN_KEY, NOT_PERMITTED, EXPIRED, ANONYMOUS)
CANARY = "canary-3f9a7c"
"""To be a part of every wrong secret: it may stand in no sentence."""

_numbers = count(1)


def settings(**values: Any) -> Settings:  # noqa: ANN401 - the fields are many
    """Settings for tests, which read servers of this machine."""
    return Settings(**{"allow_private_endpoints": True, **values})


def s3_reader(
    endpoint: str,
    bucket: str = "bucket",
    credentials: Credentials = ANY_KEYS,
    *,
    patience: Patience = IMPATIENT,
    allow_private: bool = True,
) -> BucketReader:
    """A reader of a bucket of S3 at an endpoint."""
    address = BucketAddress(Platform.CUSTOM_S3, bucket, endpoint)
    return open_bucket(address, credentials, settings(allow_private_endpoints=allow_private), patience=patience)


def pages_reader(
    platform: Platform, endpoint: str, *, patience: Patience = IMPATIENT, credentials: Credentials | None = None
) -> BucketReader:
    """A reader of a page server, which checks no signatures, as of a platform."""
    at = f"{endpoint}/{AZURE_ACCOUNT}" if platform is Platform.AZURE else endpoint
    usual = {Platform.CUSTOM_S3: ANY_KEYS, Platform.AZURE: AZURE_KEY}.get(platform, Credentials())
    return open_bucket(BucketAddress(platform, "bucket", at), credentials or usual, settings(), patience=patience)


def keys_of(pages: Iterable[Page]) -> list[str]:
    """All keys, in the order in which they came."""
    return [key for page in pages for key in page.keys]


@dataclass(frozen=True, slots=True)
class Refused:
    """A reader that the bucket must refuse, and a regular expression for what it is told."""

    reader: BucketReader
    says: str


class Holder(Protocol):
    """One bucket, empty at first. What not every storage or server can do has a default, which says that it cannot."""

    reader: BucketReader
    missing: BucketReader
    """A reader of a bucket that does not exist."""
    page_keys: int = 1000
    """How many keys a page of its listing holds at most."""
    leaves_out: Mapping[str, str] = {}
    """Tests, by the names of their functions without ``test_``, that the server itself cannot pass, and why."""

    def put(self, objects: Mapping[str, bytes], *, content_type: str | None = None) -> None:
        """Write objects."""

    def delete(self, key: str) -> None:
        """Remove an object."""

    def unfit(self, key: str) -> str | None:  # noqa: ARG002
        """Why the storage cannot hold a key; None if it can."""
        return None

    def refused(self, how: str) -> Refused | None:  # noqa: ARG002
        """A reader of this bucket that is refused, one of `WAYS_TO_BE_REFUSED`; None if that is not looked at."""
        return None

    def put_archived(self, key: str) -> str | None:  # noqa: ARG002
        """Write an object that must be restored before it is read; its storage class, None without such a class."""
        return None

    @property
    def fitting(self) -> tuple[str, ...]:
        """The hard keys that the storage can hold, all at once."""
        return tuple(key for key in HARD_KEYS if self.unfit(key) is None)


class FolderHolder(Holder):
    """A directory of this machine."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "bucket"
        self._directory.mkdir()
        self.reader = self._open(self._directory)
        self.missing = self._open(directory / "missing")

    def put(self, objects: Mapping[str, bytes], *, content_type: str | None = None) -> None:  # noqa: ARG002
        for key, body in objects.items():
            path = self._directory / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)

    def delete(self, key: str) -> None:
        (self._directory / key).unlink()

    def unfit(self, key: str) -> str | None:
        return unfit_for_a_folder(key)

    @staticmethod
    def _open(directory: Path) -> BucketReader:
        address = BucketAddress(Platform.FOLDER, str(directory))
        return open_bucket(address, Credentials(), settings(folder_roots=(directory.parent,)))


class RgwHolder(Holder):
    """A bucket of a real S3 server, which is asked for one version of listing or the other."""

    def __init__(self, rgw: Rgw, stack: ExitStack, *, is_old: bool) -> None:
        name = f"conformance-{next(_numbers)}"
        self._rgw = rgw
        self._stack = stack
        self._is_old = is_old
        self.bucket: Bucket = stack.enter_context(rgw.bucket(name))
        self.reader = self._open(name, rgw.access_key, rgw.secret_key)
        self.missing = self._open(f"{name}-missing", rgw.access_key, rgw.secret_key)

    def put(self, objects: Mapping[str, bytes], *, content_type: str | None = None) -> None:
        self.bucket.put_many(objects, content_type=content_type)

    def delete(self, key: str) -> None:
        self.bucket.delete(key)

    def refused(self, how: str) -> Refused | None:
        name = self.bucket.name
        if how == WRONG_SECRET:
            return Refused(self._open(name, self._rgw.access_key, CANARY), "s3SecretKey")
        if how == UNKNOWN_KEY:
            return Refused(self._open(name, "UNKNOWN", CANARY), "s3AccessKey")
        if how == ANONYMOUS:
            return Refused(self._open(name), "s3AccessKey")
        if how == NOT_PERMITTED:
            stranger = self._rgw.user(f"stranger-{next(_numbers)}")
            return Refused(self._open(name, stranger.access_key, stranger.secret_key), "s3:ListBucket")
        return None

    def _open(self, name: str, access_key: str | None = None, secret_key: str | None = None) -> BucketReader:
        reader = s3_reader(self._rgw.endpoint, name, Credentials(access_key, secret_key))
        self._stack.callback(reader.close)
        assert isinstance(reader, S3Reader)
        reader.is_old = self._is_old
        return reader


class PagesHolder(Holder):
    """A page server, spoken to as a platform. Its pages are short, so that there are several."""

    def __init__(self, platform: Platform, stack: ExitStack, *, is_old: bool, is_hierarchical: bool) -> None:
        faults = Faults(old=is_old, page_keys=1000)
        self._server = stack.enter_context(PageServer(faults=faults, hierarchical=is_hierarchical))
        missing = stack.enter_context(PageServer(faults=Faults(missing=True)))
        self._archive = {Platform.AZURE: "Archive", Platform.CUSTOM_S3: "GLACIER"}.get(platform)
        self._is_hierarchical = is_hierarchical
        self.reader = pages_reader(platform, self._server.endpoint)
        self.missing = pages_reader(platform, missing.endpoint)
        for reader in (self.reader, self.missing):
            stack.callback(reader.close)
        if is_hierarchical:
            self.leaves_out = {"keys_ascend_by_their_utf8_bytes": "a hierarchical namespace is listed depth first"}

    def put(self, objects: Mapping[str, bytes], *, content_type: str | None = None) -> None:
        self._server.put_all(
            {key: Stored(len(body), f"{crc32(body):032x}", content_type, body=body) for key, body in objects.items()}
        )

    def delete(self, key: str) -> None:
        self._server.delete(key)

    def unfit(self, key: str) -> str | None:
        return unfit_for_a_folder(key) if self._is_hierarchical else None

    def put_archived(self, key: str) -> str | None:
        if self._archive is not None:
            self._server.put(key, Stored(storage_class=self._archive))
        return self._archive

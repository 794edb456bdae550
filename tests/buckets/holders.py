"""What can hold objects for a reader to read: one for each implementation of the protocol."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Protocol
from zlib import crc32

from bucketlink.buckets import BucketReader, open_bucket
from bucketlink.buckets.http import Patience
from bucketlink.buckets.s3 import S3Reader
from bucketlink.model import BucketAddress, Credentials, Page, Platform
from bucketlink.settings import Settings
from tests.buckets.hard_keys import HARD_KEYS, unfit_for_a_folder
from tests.servers.pages import Faults, PageServer, Stored
from tests.servers.rgw import Bucket, Rgw

IMPATIENT = Patience(attempts=4, sleep=lambda _: None)
ANY_KEYS = Credentials("access", "secret")
_numbers = count(1)


def settings(**values: object) -> Settings:
    """Settings for tests, which read servers of this machine."""
    return Settings.model_validate({"allow_private_endpoints": True, **values})


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


def keys_of(pages: Iterable[Page]) -> list[str]:
    """All keys, in the order in which they came."""
    return [key for page in pages for key in page.keys]


class Holder(Protocol):
    """One bucket, empty at first."""

    reader: BucketReader
    missing: BucketReader
    """A reader of a bucket that does not exist."""
    fitting: tuple[str, ...]
    """The hard keys that the storage can hold."""

    def put(self, objects: Mapping[str, bytes]) -> None: ...
    def delete(self, key: str) -> None: ...


class FolderHolder:
    fitting = tuple(key for key in HARD_KEYS if unfit_for_a_folder(key) is None)

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "bucket"
        self._directory.mkdir()
        self.reader = self._open(self._directory)
        self.missing = self._open(directory / "missing")

    def put(self, objects: Mapping[str, bytes]) -> None:
        for key, body in objects.items():
            path = self._directory / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)

    def delete(self, key: str) -> None:
        (self._directory / key).unlink()

    @staticmethod
    def _open(directory: Path) -> BucketReader:
        address = BucketAddress(Platform.FOLDER, str(directory))
        return open_bucket(address, Credentials(), settings(folder_roots=(directory.parent,)))


class RgwHolder:
    fitting: tuple[str, ...] = HARD_KEYS

    def __init__(self, rgw: Rgw, *, is_old: bool) -> None:
        name = f"conformance-{next(_numbers)}"
        credentials = Credentials(rgw.access_key, rgw.secret_key)
        self.bucket: Bucket = rgw.bucket(name)
        self.reader = reader = s3_reader(rgw.endpoint, name, credentials)
        assert isinstance(reader, S3Reader)
        reader.is_old = is_old
        self.missing = s3_reader(rgw.endpoint, f"{name}-missing", credentials)

    def put(self, objects: Mapping[str, bytes]) -> None:
        self.bucket.put_many(objects)

    def delete(self, key: str) -> None:
        self.bucket.delete(key)


class PagesHolder:
    fitting: tuple[str, ...] = HARD_KEYS

    def __init__(self, server: PageServer, other: PageServer) -> None:
        self._server = server
        self.reader = s3_reader(server.endpoint)
        self.missing = s3_reader(other.endpoint)

    def put(self, objects: Mapping[str, bytes]) -> None:
        self._server.put_all({key: Stored(len(body), f"{crc32(body):032x}") for key, body in objects.items()})

    def delete(self, key: str) -> None:
        self._server.delete(key)


def make_holder(kind: str, stack: ExitStack, directory: Path, rgw: Callable[[], Rgw]) -> Holder:
    """A holder of a kind, whose servers and readers go with the stack."""
    holder: Holder
    if kind == "Folder":
        holder = FolderHolder(directory)
    elif kind in {"S3 on RGW", "old S3 on RGW"}:
        real = RgwHolder(rgw(), is_old=kind == "old S3 on RGW")
        stack.callback(real.bucket.close)
        holder = real
    else:
        missing, old = Faults(status=404, code="NoSuchBucket"), Faults(old=kind == "old S3 on pages")
        holder = PagesHolder(
            stack.enter_context(PageServer(faults=old)), stack.enter_context(PageServer(faults=missing))
        )
    stack.callback(holder.reader.close)
    stack.callback(holder.missing.close)
    return holder

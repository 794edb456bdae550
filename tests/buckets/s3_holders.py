"""What holds objects for a reader of S3 to read, beside the gateway that `tests.buckets.holders` has."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import cast

import pytest

from bucketlink.model import Credentials
from tests.buckets.holders import Holder, s3_reader
from tests.servers.moto import Moto
from tests.servers.rgw import Bucket

_numbers = count(1)


class MotoHolder(Holder):
    """A bucket of moto, which checks no signatures, and so refuses nobody."""

    def __init__(self, moto: Moto) -> None:
        name = f"conformance-{next(_numbers)}"
        credentials = Credentials(moto.access_key, moto.secret_key)
        self.bucket: Bucket = moto.bucket(name)
        self.reader = s3_reader(moto.endpoint, name, credentials)
        self.missing = s3_reader(moto.endpoint, f"{name}-missing", credentials)

    def put(self, objects: Mapping[str, bytes], *, content_type: str | None = None) -> None:
        self.bucket.put_many(objects, content_type=content_type)

    def delete(self, key: str) -> None:
        self.bucket.delete(key)

    def unfit(self, key: str) -> str | None:
        return "moto has no way to an object with a line break in its name" if "\n" in key else None

    def put_archived(self, key: str) -> str | None:
        self.bucket.put(key, b"archived", storage_class="GLACIER")
        return "GLACIER"


def moto_holder(stack: ExitStack, directory: Path, request: pytest.FixtureRequest) -> Holder:  # noqa: ARG001
    """A holder whose bucket goes with the stack."""
    holder = MotoHolder(cast(Moto, request.getfixturevalue("moto")))
    stack.callback(holder.bucket.close)
    stack.callback(holder.reader.close)
    stack.callback(holder.missing.close)
    return holder


KINDS: dict[str, Callable[[ExitStack, Path, pytest.FixtureRequest], Holder]] = {"S3 on moto": moto_holder}

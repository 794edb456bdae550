"""A bucket of Google Cloud Storage on an emulator, behind the stand-in for Google's tokens and permissions."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import cast

import pytest

from bucketlink.buckets import BucketReader, open_bucket
from bucketlink.model import BucketAddress, Credentials, Platform
from tests.buckets.hard_keys import unfit_for_gcs
from tests.buckets.holders import (
    ANONYMOUS,
    IMPATIENT,
    NOT_PERMITTED,
    UNKNOWN_KEY,
    WRONG_SECRET,
    Holder,
    Refused,
    settings,
)
from tests.servers.gcs import GcsEmulator
from tests.servers.gcs_login import GET, LIST, GoogleLogin

_numbers = count(1)


def gcs_reader(endpoint: str, bucket: str, key: str | None = None) -> BucketReader:
    """A reader of a bucket of Google Cloud Storage at an endpoint; of everybody without a key."""
    address = BucketAddress(Platform.GCP, bucket, endpoint)
    return open_bucket(address, Credentials(service_account_key=key), settings(), patience=IMPATIENT)


def unfit_for_emulator(key: str) -> str | None:
    """Why the emulator cannot hold a key; None if it can."""
    parts = key.replace("\\", "/").split("/")
    if {"", ".", ".."} & set(parts) or "\\" in key:
        return "the emulator keeps objects by paths, which it tidies"
    return unfit_for_gcs(key)


class GcsHolder(Holder):
    def __init__(self, emulator: GcsEmulator, stack: ExitStack) -> None:
        self.bucket = f"conformance-{next(_numbers)}"
        self._emulator = emulator
        self._stack = stack
        emulator.create(self.bucket)
        self.login = stack.enter_context(GoogleLogin(emulator.port))
        self.reader = self._open(self.login.new_key("reader", LIST, GET))
        self.missing = self._open(self.login.new_key("reader"), f"{self.bucket}-missing")

    def put(self, objects: Mapping[str, bytes], *, content_type: str | None = None) -> None:
        self._emulator.put_many(self.bucket, objects, content_type=content_type)

    def delete(self, key: str) -> None:
        self._emulator.delete(self.bucket, key)

    def unfit(self, key: str) -> str | None:
        return unfit_for_emulator(key)

    def refused(self, how: str) -> Refused | None:
        if how == ANONYMOUS:
            return Refused(self._open(None), "does not let everybody list.*gcpServiceAccountKey")
        name = how.replace(" ", "-")
        permissions = () if how == NOT_PERMITTED else (LIST, GET)
        key = self.login.new_key(name, *permissions)
        account = self.login.account(name)
        if how == WRONG_SECRET:
            account.keys.clear()
            return Refused(self._open(key), "does not accept this key of .*gcpServiceAccountKey")
        if how == UNKNOWN_KEY:
            del self.login.accounts[account.email]
            return Refused(self._open(key), "does not know the service account.*gcpServiceAccountKey")
        if how == NOT_PERMITTED:
            return Refused(self._open(key), "roles/storage.objectViewer.*storage.objects.list")
        return None  # a key of a service account has no end

    def _open(self, key: str | None, bucket: str | None = None) -> BucketReader:
        reader = gcs_reader(self.login.endpoint, bucket or self.bucket, key)
        self._stack.callback(reader.close)
        return reader


def _on_emulator(stack: ExitStack, _: Path, request: pytest.FixtureRequest) -> Holder:
    return GcsHolder(cast(GcsEmulator, request.getfixturevalue("gcs")), stack)


KINDS: dict[str, Callable[[ExitStack, Path, pytest.FixtureRequest], Holder]] = {"GCS on emulator": _on_emulator}

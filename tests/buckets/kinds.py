"""Every kind of bucket that the conformance suite runs over: the columns of its table."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from bucketlink.model import Platform
from tests.buckets import azure_holders, gcs_holders, s3_holders
from tests.buckets.holders import FolderHolder, Holder, PagesHolder, RgwHolder
from tests.servers.rgw import Rgw

Open = Callable[[ExitStack, Path, pytest.FixtureRequest], Holder]
"""Makes an empty bucket, whose servers and readers go with the stack; it may write to the directory."""


def _folder(stack: ExitStack, directory: Path, _: pytest.FixtureRequest) -> Holder:
    holder = FolderHolder(directory)
    stack.callback(holder.reader.close)
    stack.callback(holder.missing.close)
    return holder


def _rgw(*, is_old: bool) -> Open:
    def make(stack: ExitStack, _: Path, request: pytest.FixtureRequest) -> Holder:
        rgw: Rgw = request.getfixturevalue("rgw")
        return RgwHolder(rgw, stack, is_old=is_old)

    return make


def _pages(platform: Platform, *, is_old: bool = False, is_hierarchical: bool = False) -> Open:
    def make(stack: ExitStack, _: Path, __: pytest.FixtureRequest) -> Holder:
        return PagesHolder(platform, stack, is_old=is_old, is_hierarchical=is_hierarchical)

    return make


KINDS: dict[str, Open] = {
    "Folder": _folder,
    "S3 on RGW": _rgw(is_old=False),
    **s3_holders.KINDS,
    "S3 on pages": _pages(Platform.CUSTOM_S3),
    "old S3 on RGW": _rgw(is_old=True),
    "old S3 on pages": _pages(Platform.CUSTOM_S3, is_old=True),
    **gcs_holders.KINDS,
    "GCS on pages": _pages(Platform.GCP),
    **azure_holders.KINDS,
    "Azure on pages": _pages(Platform.AZURE),
    "hierarchical Azure on pages": _pages(Platform.AZURE, is_hierarchical=True),
}
"""By name. What is old answers ListObjects, whatever it is asked, or is asked for it."""

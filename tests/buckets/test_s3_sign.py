"""Signing requests: what is made here is what botocore makes of the same request."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from unittest import mock
from urllib.parse import quote

from botocore.auth import SIGNED_HEADERS_BLACKLIST, S3SigV4Auth
from botocore.awsrequest import AWSRequest
from hypothesis import given
from hypothesis import strategies as st

from bucketlink.buckets.reach import Origin
from bucketlink.buckets.s3_address import S3Place
from bucketlink.buckets.s3_sign import Keys, quoted, signed

any_text = st.text(st.characters(codec="utf-8"), max_size=30)
plain = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
names = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True).filter(
    lambda name: (
        name.lower() not in {*SIGNED_HEADERS_BLACKLIST, "authorization", "date", "host"}
        and not name.lower().startswith("x-amz-")
    )
)
values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)
origins = st.sampled_from(
    [
        Origin("https", "bucket.s3.eu-west-1.amazonaws.com", 443),
        Origin("http", "127.0.0.1", 9000),
        Origin("http", "Ceph.Example", 80),
        Origin("https", "::1", 8443),
    ]
)
queries = st.lists(st.tuples(any_text, st.none() | any_text), max_size=6).map(
    lambda pairs: "&".join(
        quote(name, safe="~") + ("" if value is None else f"={quote(value, safe='~')}") for name, value in pairs
    )
)


@contextmanager
def at_moment(moment: int) -> Iterator[None]:
    """Let it be so many seconds after the beginning of 1970, for botocore and for us."""

    def now() -> datetime:
        return datetime.fromtimestamp(moment, UTC)

    with (
        mock.patch("botocore.auth.get_current_datetime", now),
        mock.patch("bucketlink.buckets.s3_sign.get_current_datetime", now),
    ):
        yield


def by_botocore(method: str, at: S3Place, target: str, keys: Keys, headers: dict[str, str]) -> dict[str, str]:
    request = AWSRequest(method=method, url=f"{at.origin}{target}", headers=headers)
    S3SigV4Auth(keys.for_botocore, "s3", at.region).add_auth(request)
    return dict(request.headers.items())


@given(
    method=st.sampled_from(["GET", "HEAD"]),
    origin=origins,
    path=st.sampled_from(["", "/bucket", "/base/bucket%3A1"]),
    rest=queries.map(lambda query: f"?{query}") | any_text.map(quoted),
    keys=st.builds(Keys, plain, plain, st.none() | plain),
    headers=st.dictionaries(names, values, max_size=4).filter(
        lambda found: len({name.lower() for name in found}) == len(found)
    ),
    seconds=st.lists(st.integers(0, 4_000_000_000), min_size=1, max_size=3),
)
def test_requests_are_signed_as_botocore_signs_them(
    method: str,
    origin: Origin,
    path: str,
    rest: str,
    keys: Keys,
    headers: dict[str, str],
    seconds: list[int],
) -> None:
    at = S3Place(origin, path, "eu-west-1", "bucket")
    for moment in seconds:
        with at_moment(moment):
            request = signed(method, at, rest, keys, headers)
            assert request.headers == by_botocore(method, at, request.target, keys, headers)

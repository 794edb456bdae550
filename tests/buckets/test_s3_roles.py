"""Roles of AWS: assumed with the external ID, and renewed while a listing goes on."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bucketlink.buckets.protocol import SignedUrl
from bucketlink.buckets.s3_errors import NEW_SECONDS
from bucketlink.errors import BucketRefused
from tests.buckets.holders import keys_of
from tests.buckets.roles import MANY, NOW, USER, Clock, reader_of
from tests.servers.sts import Sts


class Encrypted(Sts):
    """A bucket whose objects are encrypted by keys of their own: HEAD without one is answered with 400, and no word."""

    def list(self, token: str, query: dict[str, str]) -> tuple[int, str]:
        return super().list(token, query) if query else (400, "")


def test_a_role_is_assumed_once_for_a_listing(sts: Sts, clock: Clock) -> None:
    reader = reader_of(sts, clock)
    assert keys_of(reader.pages()) == MANY
    assert reader.check() == MANY[0]
    assert len(sts.issued) == 1
    reader.close()


def test_keys_are_renewed_in_the_middle_of_a_listing_before_they_expire(sts: Sts, clock: Clock) -> None:
    reader = reader_of(sts, clock)
    found: list[str] = []
    for page in reader.pages():
        found += page.keys
        assert min(sts.issued[token] - clock.now for token in list(sts.issued)[-1:]) >= 600
        clock.now += 1500
    assert found == MANY
    assert 2 <= len(sts.issued) <= 4
    reader.close()


def test_keys_of_a_short_life_last_for_half_of_it(sts: Sts, clock: Clock) -> None:
    sts.seconds = 100
    reader = reader_of(sts, clock)
    for seconds, assumed in ((0, 1), (49, 1), (2, 2), (49, 2)):
        clock.now += seconds
        reader.check()
        assert len(sts.issued) == assumed
    reader.close()


def test_keys_that_the_bucket_calls_expired_are_renewed_once(sts: Sts, clock: Clock) -> None:
    reader = reader_of(sts, clock)
    pages = reader.pages()
    found = list(next(pages).keys)
    sts.revoked.update(sts.issued)
    assert [*found, *keys_of(pages)] == MANY
    assert len(sts.issued) == 2
    sts.seconds = 0
    clock.now += 3600
    with pytest.raises(BucketRefused, match="expired"):
        reader.check()
    assert len(sts.issued) == 4
    reader.close()


def test_head_tells_by_its_status_alone_that_keys_have_expired(sts: Sts, clock: Clock) -> None:
    reader = reader_of(sts, clock)
    reader.check()
    sts.revoked.update(sts.issued)
    clock.now += NEW_SECONDS + 1
    assert reader.content_type("000.jpg") is None
    assert len(sts.issued) == 2
    reader.close()


def test_objects_that_head_tells_nothing_of_cost_a_role_every_few_minutes_at_most(clock: Clock) -> None:
    with Encrypted(clock, USER) as sts:
        reader = reader_of(sts, clock)
        for assumed in (1, 2, 3):
            for _ in range(5):
                with pytest.raises(BucketRefused, match="s3:GetObject"):
                    reader.content_type("000.jpg")
                assert len(sts.issued) == assumed
            clock.now += NEW_SECONDS + 1
        reader.close()


def test_threads_share_the_keys(sts: Sts, clock: Clock) -> None:
    reader = reader_of(sts, clock)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(reader.content_type, MANY))
    sts.revoked.update(sts.issued)
    clock.now += NEW_SECONDS + 1
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(reader.content_type, MANY))
    assert len(sts.issued) == 2
    reader.close()


def test_a_signed_url_does_not_outlive_the_keys(sts: Sts, clock: Clock) -> None:
    def url(seconds: int) -> SignedUrl:
        made = reader.signed_url("a", seconds)
        assert made is not None
        return made

    reader = reader_of(sts, clock)
    assert url(1000).expires_at == (NOW + 1000) * 1000
    clock.now += 2500
    assert url(600).expires_at == (clock.now + 600) * 1000
    assert len(sts.issued) == 1
    clock.now += 300
    assert url(900).expires_at == (clock.now + 900) * 1000
    assert len(sts.issued) == 2
    clock.now += 1700
    assert url(7200).expires_at == (clock.now + 1900) * 1000
    assert len(sts.issued) == 2
    clock.now += 200
    made = url(7200)
    assert made.expires_at == (clock.now + 3600) * 1000
    assert "X-Amz-Expires=3600&" in made.url
    assert "token%2B2%2F%3D" in made.url
    assert len(sts.issued) == 3
    reader.close()


def test_no_secret_is_shown_of_the_keys(sts: Sts, clock: Clock) -> None:
    reader = reader_of(sts, clock)
    reader.check()
    shown = repr(reader._ring.keys())
    assert "secret" not in shown
    assert "token" not in shown
    reader.close()

"""What is made of an answer that holds an object, or a part of it."""

import pytest

from bucketlink.buckets.http import Streamed
from bucketlink.buckets.parts import content_of, range_header
from bucketlink.errors import BucketMisbehaved, InvalidInput


def answer(status: int, length: str = "", told: str = "") -> Streamed:
    headers = {"content-length": length, "content-range": told, "content-type": "image/PNG; x=y"}
    return Streamed(status, headers, iter([b"some"]), lambda: None)


@pytest.mark.parametrize(
    ("first", "last", "headers"),
    [
        (0, None, {}),
        (0, 0, {"Range": "bytes=0-0"}),
        (5, None, {"Range": "bytes=5-"}),
        (5, 9, {"Range": "bytes=5-9"}),
    ],
)
def test_a_part_is_asked_for_by_a_range(first: int, last: int | None, headers: dict[str, str]) -> None:
    assert range_header(first, last) == headers


def test_a_part_that_ends_before_it_begins_is_invalid() -> None:
    with pytest.raises(InvalidInput, match="comes before the first"):
        range_header(5, 4)


@pytest.mark.parametrize(
    ("sent", "first", "last", "size", "whole"),
    [
        (answer(200, "10"), 0, None, 10, 10),
        (answer(200, "0"), 0, None, 0, 0),
        (answer(206, "", "bytes 0-9/10"), 0, None, 10, 10),
        (answer(206, "", "bytes 0-0/10"), 0, 0, 1, 10),
        (answer(206, "", "bytes 3-9/10"), 3, None, 7, 10),
        (answer(206, "", "bytes 3-5/10"), 3, 5, 3, 10),
        (answer(206, "", "bytes 3-9/10"), 3, 500, 7, 10),
    ],
)
def test_an_answer_that_holds_what_was_asked_for_is_taken(
    sent: Streamed, first: int, last: int | None, size: int, whole: int
) -> None:
    found = content_of(sent, first, last, mend="x")
    assert (found.size, found.whole, found.start, found.content_type) == (size, whole, first, "image/png")


@pytest.mark.parametrize(
    ("sent", "first", "last"),
    [
        (answer(200), 0, None),
        (answer(200, "ten"), 0, None),
        (answer(200, "-1"), 0, None),
        (answer(200, "10"), 0, 4),
        (answer(200, "10"), 3, None),
        (answer(206, "10"), 3, None),
        (answer(206, "", "bytes 3-9/*"), 3, None),
        (answer(206, "", "bytes 2-9/10"), 3, None),
        (answer(206, "", "bytes 4-9/10"), 3, None),
        (answer(206, "", "bytes 3-8/10"), 3, None),
        (answer(206, "", "bytes 3-10/10"), 3, 10),
        (answer(206, "", "bytes 3-4/10"), 3, 5),
        (answer(206, "", "bytes 3-6/10"), 3, 5),
        (answer(206, "", "bytes 0-4/10"), 0, None),
    ],
)
def test_an_answer_that_holds_something_else_is_not(sent: Streamed, first: int, last: int | None) -> None:
    with pytest.raises(BucketMisbehaved, match="check s3Endpoint"):
        content_of(sent, first, last, mend="s3Endpoint")


@pytest.mark.parametrize(
    "sent", [answer(416, "", "bytes */10"), answer(206, "", "bytes 10-9/10"), answer(206, "", "bytes 0-9/10")]
)
def test_a_part_behind_the_end_is_invalid(sent: Streamed) -> None:
    with pytest.raises(InvalidInput, match="behind its end"):
        content_of(sent, 10, 20, mend="s3Endpoint")

"""What a reader of S3 makes of a server that falls short: an error that says so, or the right answer."""

import random
from pathlib import Path

import pytest

from bucketlink.buckets.http import Patience
from bucketlink.buckets.order import Disorder, in_order, spooled
from bucketlink.errors import BucketError, BucketMisbehaved, BucketRefused, BucketUnavailable, BucketUnreachable
from tests.buckets.holders import keys_of, s3_reader
from tests.servers.pages import ALIVE, Faults, Formula, PageServer

COUNT = 2500


def read(faults: Faults) -> list[str]:
    with PageServer(Formula(COUNT), faults=faults) as server:
        reader = s3_reader(server.endpoint)
        try:
            return keys_of(in_order(reader.pages()))
        finally:
            reader.close()


def test_a_page_takes_one_request() -> None:
    with PageServer(Formula(COUNT)) as server:
        reader = s3_reader(server.endpoint)
        assert keys_of(reader.pages()) == list(Formula(COUNT))
        assert server.counts == {"LIST": 3}
        reader.close()


def test_root_files_are_asked_for_by_delimiter_and_nothing_below_is_walked() -> None:
    keys = [*Formula(5000), "root-1.txt", "root-2.txt"]
    with PageServer(keys) as server:
        reader = s3_reader(server.endpoint)
        assert keys_of(reader.pages(root_files=True)) == ["root-1.txt", "root-2.txt"]
        assert server.counts == {"LIST": 1}
        reader.close()


def test_a_check_asks_once() -> None:
    with PageServer(Formula(COUNT)) as server:
        reader = s3_reader(server.endpoint)
        reader.check()
        assert server.counts == {"LIST": 1}
        reader.close()


@pytest.mark.parametrize(
    "faults",
    [
        Faults(page_keys=7),
        Faults(empty_every=2),
        Faults(throttle=3),
        Faults(drop=3),
        Faults(cut=3),
        Faults(ignore=("encoding-type",)),
    ],
    ids=["fewer keys than asked for", "empty pages", "throttled", "lost connections", "cut answers", "no encoding"],
)
def test_what_a_server_may_do_changes_nothing(faults: Faults) -> None:
    assert read(faults) == list(Formula(COUNT))


@pytest.mark.parametrize(
    ("faults", "error", "sentence"),
    [
        (Faults(throttle=ALIVE), BucketUnavailable, "status 503.*try again later"),
        (Faults(drop=ALIVE), BucketUnreachable, "lost"),
        (Faults(cut=ALIVE), BucketMisbehaved, "cut short"),
        (Faults(truncate_last=True), BucketMisbehaved, "cut short"),
        (Faults(no_token=True), BucketMisbehaved, "goes on"),
        (Faults(same_token=True), BucketMisbehaved, "does not move on"),
        (Faults(miscount=1), BucketMisbehaved, "announced 1001 objects and listed 1000"),
        (Faults(miscount=-1), BucketMisbehaved, "announced 999 objects and listed 1000"),
        (Faults(last_status=500), BucketUnavailable, "status 500"),
        (Faults(last_status=403), BucketRefused, "does not let these keys list"),
        (Faults(status=302), BucketMisbehaved, "redirects are not followed"),
        (Faults(status=404), BucketMisbehaved, "is not S3"),
        (Faults(body="hello, hunter2"), BucketMisbehaved, "is not XML"),
        (Faults(body="<Listing>hunter2</Listing>"), BucketMisbehaved, "something else"),
    ],
)
def test_what_a_server_must_not_do_is_an_error(faults: Faults, error: type[BucketError], sentence: str) -> None:
    with pytest.raises(error, match=sentence) as caught:
        read(faults)
    assert type(caught.value) is error
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_server_of_the_first_version_is_asked_for_that_once_it_is_known() -> None:
    keys = list(Formula(COUNT))
    with PageServer(keys, faults=Faults(old=True)) as server:
        reader = s3_reader(server.endpoint)
        reader.check()
        assert keys_of(reader.pages(after=keys[1500])) == keys[1501:]
        assert server.counts["LIST"] == 1 + 1 + 1
        assert keys_of(reader.pages(after=keys[1500])) == keys[1501:]
        assert server.counts["LIST"] == 1 + 1 + 1 + 1


def test_a_server_of_the_first_version_that_does_not_move_on_is_an_error() -> None:
    faults = Faults(old=True, ignore=("marker",))
    with PageServer(Formula(COUNT), faults=faults) as server, pytest.raises(BucketMisbehaved, match="does not move on"):
        keys_of(s3_reader(server.endpoint).pages())


def test_what_came_before_the_failing_page_is_given_and_then_the_error() -> None:
    with PageServer(Formula(COUNT), faults=Faults(last_status=500)) as server:
        reader = s3_reader(server.endpoint)
        pages = reader.pages()
        assert [len(next(pages)), len(next(pages))] == [1000, 1000]
        with pytest.raises(BucketUnavailable):
            next(pages)
        reader.close()


def test_patience_has_an_end_in_attempts() -> None:
    delays: list[float] = []
    patience = Patience(attempts=5, sleep=delays.append, jitter=lambda _, most: most)
    with PageServer(faults=Faults(throttle=ALIVE)) as server:
        reader = s3_reader(server.endpoint, patience=patience)
        with pytest.raises(BucketUnavailable):
            reader.check()
        assert server.counts["LIST 503"] == 5
        reader.close()
    assert delays == [0.25, 0.5, 1.0, 2.0]


def test_patience_has_an_end_in_time() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    patience = Patience(attempts=1000, seconds=60, sleep=sleep, clock=lambda: now[0], jitter=lambda _, most: most)
    with PageServer(faults=Faults(throttle=ALIVE)) as server:
        reader = s3_reader(server.endpoint, patience=patience)
        with pytest.raises(BucketUnavailable):
            reader.check()
        reader.close()
    assert 40 < now[0] <= 60


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_is_not_tried_again(status: int) -> None:
    with PageServer(faults=Faults(status=status, code="AccessDenied")) as server:
        reader = s3_reader(server.endpoint)
        with pytest.raises(BucketRefused):
            reader.check()
        assert server.counts["LIST"] == 1
        reader.close()


@pytest.mark.parametrize("ignored", ["prefix", "start-after", "delimiter"])
def test_a_server_that_ignores_what_is_asked_gives_the_right_answer(ignored: str) -> None:
    keys = [*Formula(1500), "root.txt", "zebra/1.jpg"]
    with PageServer(keys, faults=Faults(ignore=(ignored,))) as server:
        reader = s3_reader(server.endpoint)
        after = "folder-00001/image-00001200.jpg"
        assert keys_of(reader.pages(prefix="folder-00001/", after=after)) == keys[1201:1500]
        assert keys_of(reader.pages(root_files=True)) == ["root.txt"]
        reader.close()


def shuffled(*, repeated: int = 0) -> list[str]:
    keys = [*Formula(COUNT), *list(Formula(COUNT))[:repeated]]
    random.Random(1).shuffle(keys)
    return keys


@pytest.mark.parametrize("repeated", [0, 100])
def test_an_unordered_listing_is_noticed_and_sorted(tmp_path: Path, repeated: int) -> None:
    with PageServer(shuffled(repeated=repeated), faults=Faults(unordered=True)) as server:
        reader = s3_reader(server.endpoint)
        with pytest.raises(Disorder):
            keys_of(in_order(reader.pages()))
        assert keys_of(in_order(spooled(reader.pages(), tmp_path))) == list(Formula(COUNT))
        after = "folder-00001/image-00001990.jpg"
        found = keys_of(in_order(spooled(reader.pages(prefix="folder-00001", after=after), tmp_path), after))
        assert found == list(Formula(COUNT))[1991:2000]
        reader.close()


def test_a_key_repeated_on_the_next_page_is_noticed() -> None:
    keys = list(Formula(1500))
    with PageServer([*keys[:1000], *keys[999:]], faults=Faults(unordered=True)) as server:
        reader = s3_reader(server.endpoint)
        with pytest.raises(Disorder):
            keys_of(in_order(reader.pages()))
        reader.close()

"""What a reader of S3 makes of a server that falls short in ways that only S3 has."""

from contextlib import closing

import pytest

from bucketlink.buckets.order import in_order
from bucketlink.errors import BucketMisbehaved
from tests.buckets.holders import keys_of, s3_reader
from tests.servers.pages import Faults, Formula, PageServer

COUNT = 2500


def read(faults: Faults) -> list[str]:
    with PageServer(Formula(COUNT), faults=faults) as server, closing(s3_reader(server.endpoint)) as reader:
        return keys_of(in_order(reader.pages()))


def test_a_server_need_not_encode_keys() -> None:
    assert read(Faults(ignore=("encoding",))) == list(Formula(COUNT))


@pytest.mark.parametrize(
    ("faults", "sentence"),
    [
        (Faults(no_token=True), "goes on"),
        (Faults(miscount=1), "announced 1001 objects and listed 1000"),
        (Faults(miscount=-1), "announced 999 objects and listed 1000"),
        (Faults(status=404), "is not S3"),
        (Faults(body="hello, hunter2"), "is not XML"),
    ],
)
def test_what_a_server_must_not_do_is_an_error(faults: Faults, sentence: str) -> None:
    with pytest.raises(BucketMisbehaved, match=sentence) as caught:
        read(faults)
    assert "hunter2" not in str(caught.value)


def test_a_server_of_the_first_version_is_asked_for_that_once_it_is_known() -> None:
    keys = list(Formula(COUNT))
    with PageServer(keys, faults=Faults(old=True)) as server, closing(s3_reader(server.endpoint)) as reader:
        reader.check()
        assert keys_of(reader.pages(after=keys[1500])) == keys[1501:]
        assert server.counts["LIST"] == 1 + 1
        assert keys_of(reader.pages(after=keys[1500])) == keys[1501:]
        assert server.counts["LIST"] == 1 + 1 + 1


def test_a_server_of_the_first_version_that_does_not_move_on_is_an_error() -> None:
    server = PageServer(Formula(COUNT), faults=Faults(old=True, ignore=("start",)))
    with (
        server,
        closing(s3_reader(server.endpoint)) as reader,
        pytest.raises(BucketMisbehaved, match="does not move on"),
    ):
        keys_of(reader.pages())

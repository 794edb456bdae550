"""What is said of Ctrl-C where no run is under way."""

import pytest

from bucketlink import Client
from bucketlink.cli.asking import interrupted
from tests.unit.fake_server import FakeServer, client_of


@pytest.mark.parametrize(
    ("connection", "says"),
    [
        ("1", "Interrupted. No run is under way: bucketlink runs 1 shows what was done."),
        (None, "Interrupted. There was no run to wait for yet; what was done before stays done."),
    ],
)
def test_an_interruption_before_a_run_is_queued_speaks_of_none(connection: str | None, says: str) -> None:
    client = client_of(FakeServer(), Client)
    told = interrupted(client, lambda: connection, ("COMPUTE", "APPLY"), embedded=True)
    assert told.format_message() == says

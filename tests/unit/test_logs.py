"""Log lines: an event and its fields, in one line that programs can read."""

import logging

import pytest

from bucketlink.logs import Logger

log = Logger("bucketlink.tests")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (7, "7"),
        ("done", "done"),
        ("two words", '"two words"'),
        ("a=b", '"a=b"'),
        ('say "so"', r'"say \"so\""'),
        ("C:\\new", "C:\\new"),
        ("C:\\new folder", r'"C:\\new folder"'),
        ("one\ntwo", r"one\ntwo"),
        ("100 %s", '"100 %s"'),
    ],
)
def test_a_value_is_in_quotes_where_it_would_not_end(
    caplog: pytest.LogCaptureFixture, value: object, written: str
) -> None:
    log.warning("run failed", run=4, value=value)
    assert caplog.messages == [f'event="run failed" run=4 value={written}']


def test_what_nobody_listens_to_is_not_even_written(caplog: pytest.LogCaptureFixture) -> None:
    class Costly:
        def __str__(self) -> str:
            raise AssertionError

    with caplog.at_level(logging.WARNING, "bucketlink.tests"):
        log.info("run started", run=Costly())
    assert caplog.messages == []


def test_an_exception_brings_its_traceback_and_the_place_is_the_callers(caplog: pytest.LogCaptureFixture) -> None:
    failure = LookupError("gone")
    try:
        raise failure
    except LookupError:
        log.exception("run failed")
    log.error("run failed", exc_info=failure)
    for record in caplog.records:
        assert record.levelno == logging.ERROR
        assert record.exc_info is not None
        assert record.exc_info[1] is failure
        assert record.funcName == test_an_exception_brings_its_traceback_and_the_place_is_the_callers.__name__

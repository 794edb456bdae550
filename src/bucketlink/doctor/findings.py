"""What a look at a set-up finds."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from enum import StrEnum
from threading import Thread
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from bucketlink.errors import BucketlinkError
from bucketlink.store.database import explain

Result = TypeVar("Result")


class Verdict(StrEnum):
    """How a thing stands."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"
    SKIPPED = "skipped"
    """It could not be looked at, or there is nothing to look at."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. No field holds a secret.

    Attributes:
        check: what was looked at, in a word or two.
        verdict: how it stands.
        text: what was seen, in one sentence.
        mend: what to do about it; empty where nothing is to be done.

    """

    check: str
    verdict: Verdict
    text: str
    mend: str = ""


def ok(check: str, text: str) -> Finding:
    """A thing that is as it should be."""
    return Finding(check, Verdict.OK, text)


def warning(check: str, text: str, mend: str) -> Finding:
    """A thing that works, and should be looked after."""
    return Finding(check, Verdict.WARNING, text, mend)


def wrong(check: str, text: str, mend: str) -> Finding:
    """A thing that does not work."""
    return Finding(check, Verdict.WRONG, text, mend)


def skipped(check: str, text: str) -> Finding:
    """A thing that could not be looked at."""
    return Finding(check, Verdict.SKIPPED, text)


def guarded(check: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Yield what a look finds; where it fails itself, that is a finding too."""
    try:
        yield from look()
    except SQLAlchemyError as error:
        yield wrong(check, explain(error), "")
    except BucketlinkError as error:
        yield wrong(check, str(error), "")
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        refused = isinstance(error, PermissionError)
        mend = "Mend what is said here of owners and permissions first." if refused else "Check its path and its disk."
        yield wrong(check, f"{where}{error.strerror or type(error).__name__}.", mend)
    except Exception as error:  # noqa: BLE001 - whatever is broken, the other looks go on
        yield wrong(check, f"This could not be looked at ({type(error).__name__}).", "Tell the makers of Bucketlink.")


def begin(call: Callable[[], Result]) -> "Future[Result]":
    """Call something in a thread of its own, which nobody has to wait for, not even the end of the process."""
    future: Future[Result] = Future()

    def answer() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - whoever waits for the result gets it
            future.set_exception(error)

    Thread(target=answer, daemon=True).start()
    return future

"""Scalars of the wire."""

from datetime import UTC, datetime
from datetime import date as day
from typing import Any

from bucketlink.api.binding import Scalar
from bucketlink.errors import InvalidInput

MOST_ROWS = 500
DAY = 24 * 3600 * 1000

page_size = Scalar("PageSize")
date = Scalar("Date")
json_value = Scalar("JSON")
boolean_or_string = Scalar("BooleanOrString")
big_int = Scalar("BigInt")

ALL = [page_size, date, json_value, boolean_or_string, big_int]


@page_size.value_parser
def _parse_page_size(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_ROWS:
        raise InvalidInput(f"first must be a whole number from 0 to {MOST_ROWS}, not {value!r}.")
    return value


@big_int.serializer
@big_int.value_parser
def _whole(value: Any) -> int:
    return int(value)


@json_value.serializer
@json_value.value_parser
def _same(value: Any) -> Any:
    return value


@boolean_or_string.value_parser
def _parse_boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false", ""}:
        return value.lower() == "true"
    raise InvalidInput("Expected true or false, and something else was sent.")


@date.serializer
def show_date(moment: int) -> str:
    """Milliseconds since 1970 as clients read them."""
    return datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Day(int):
    """The first moment of a day of which no time was given."""

    @property
    def end(self) -> int:
        """Its last moment."""
        return self + DAY - 1


@date.value_parser
def parse_date(value: Any) -> int:
    """A day or a moment as milliseconds since 1970; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise InvalidInput(f"{value!r} is not a date: write 2026-01-31 or 2026-01-31T12:00:00.000Z.") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    milliseconds = int(moment.timestamp() * 1000)
    return Day(milliseconds) if _is_day(value) else milliseconds


def _is_day(text: str) -> bool:
    try:
        day.fromisoformat(text)
    except ValueError:
        return False
    return True

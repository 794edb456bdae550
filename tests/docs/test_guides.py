"""What the guides show is what happens."""

from pathlib import Path

import pytest

from tests.docs.conftest import FIRST_PAGE
from tests.docs.session import Session, matches
from tests.unit.documents import TASK_GUIDES, name


@pytest.mark.parametrize("guide", [guide for guide in TASK_GUIDES if guide != FIRST_PAGE], ids=name)
def test_a_guide_does_what_it_shows(guided: Session, guide: Path) -> None:
    guided.read(guide)


@pytest.mark.parametrize(
    ("expected", "shown", "is_so"),
    [
        ("con1", "con1\n", True),
        ("con1", "con2\n", False),
        ("run… APPLY", "run7  APPLY   \n", True),
        ("first\n…", "first\nsecond\nthird\n", True),
        ("first\n…", "second\n", False),
        ("first", "first\nsecond\n", False),
        ("one … three", "one\nthree\n", False),
        ("a.c", "abc\n", False),
    ],
)
def test_an_output_is_compared_but_for_dots(expected: str, shown: str, *, is_so: bool) -> None:
    assert matches(expected, shown) is is_so


def test_a_command_that_fails_where_it_is_not_shown_to_fail_is_an_error(session: Session) -> None:
    with pytest.raises(AssertionError):
        session.type("bucketlink sync con9", "")
    with pytest.raises(AssertionError):
        session.type("bucketlink projects list", "bucketlink: It failed.")


def test_exports_and_directories_are_those_of_the_next_command(session: Session) -> None:
    session.type("export GREETING='good morning'", "")
    session.type("cd Pictures", "")
    session.type('echo "$GREETING from ${PWD##*/}"', "good morning from Pictures")

"""Synchronizing: dry, plainly, with deletion, with nothing to do."""

from collections.abc import Mapping

import pytest

from tests.api.server import Json
from tests.clients.conftest import ALL_KEYS, PICTURES, NewIntegration, Scenario, Start
from tests.clients.environments import Can, Environment

NOTHING = {"added": 0, "removed": 0, "total": 0}


@pytest.fixture(scope="module")
def waiting(start: Start, new_integration: NewIntegration) -> Mapping[str, Scenario]:
    """Scenarios that mostly wait, started together."""
    changing = new_integration("changing")
    return {
        "shortest": start("add_then_synchronize", integration=new_integration("shortest").id, folders=["cats"]),
        "synchronize": start("synchronize", integration=new_integration("unchanged").id),
        "changes": start("synchronize_changes", integration=changing.id, folder=str(changing.folder)),
    }


def test_adds_a_connection_and_synchronizes_at_once(waiting: Mapping[str, Scenario]) -> None:
    said = waiting["shortest"].result()

    assert said["keys"] == PICTURES[3:]
    assert said["count"] == said["connection"]["numberOfAssets"] == len(said["keys"])
    assert _state(said["synchronized"]) == [3, said["project"]]


@pytest.mark.needs(Can.DRY_RUN)
def test_shows_what_synchronizing_would_do(waiting: Mapping[str, Scenario]) -> None:
    said = waiting["synchronize"].result()

    state, count = said["dry run"]
    assert _state(state) == [0, said["project"]]
    assert count == 0


def test_synchronizes_a_connection(waiting: Mapping[str, Scenario]) -> None:
    said = waiting["synchronize"].result()

    state, count = said["plain"]
    assert _state(state) == [7, said["project"]]
    assert count == 7


def test_finds_nothing_to_synchronize(waiting: Mapping[str, Scenario]) -> None:
    said = waiting["synchronize"].result()

    for state, count in (said["nothing to do"], said["nothing to delete"]):
        assert _state(state) == [7, said["project"]]
        assert count == 7
        assert state.get("isChecking", False) is False
        assert NOTHING.items() <= state.get("dataDifferencesSummary", NOTHING).items()


def test_synchronizes_a_connection_whose_bucket_has_changed(
    waiting: Mapping[str, Scenario], environment: Environment
) -> None:
    said = waiting["changes"].result()

    with_both, without_one = [*ALL_KEYS, "bears/new.jpg"], [*ALL_KEYS[1:], "bears/new.jpg"]
    _check_imported(said, "without deletion", with_both)
    assert ("dry run with deletion" in said) is (Can.DRY_RUN in environment.can)
    if Can.DRY_RUN in environment.can:
        _check_imported(said, "dry run with deletion", with_both)
    _check_imported(said, "with deletion", without_one)


def _check_imported(said: Json, step: str, keys: list[str]) -> None:
    state, imported = said[step]
    assert imported == keys
    assert _state(state) == [len(keys), said["project"]]


def _state(synchronized: Json) -> list[object]:
    """What every generation answers after synchronizing; some add to it."""
    return [synchronized["numberOfAssets"], synchronized["projectId"]]

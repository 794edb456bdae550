"""Somebody changes what a connection selects, or its integration, in the moment in which it is synchronized."""

import re
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from bucketlink import Kili
from bucketlink.client.connections.synchronize import ROUNDS
from bucketlink.errors import Conflict, GuardRefusal
from bucketlink.model import Selection
from tests.api.reached import WAYS, Reached, reached
from tests.api.server import Server
from tests.api.test_selecting import select_aside

KEYS = ("bears/1.jpg", "bears/2.jpg", "foxes/1.jpg")
COMPUTE, APPLY, SUMMARY = "computeDifferences", "validateDataDifferences", "isComputed"
"""Operations, each by a word of its document."""


class Place:
    """A connection that takes the folder bears, and somebody else who can change that at any moment."""

    def __init__(self, there: Reached, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.client, self._data_dir, self.folder, self.patch = (
            there.client,
            there.data_dir,
            there.root / name,
            monkeypatch,
        )
        self.put(*KEYS)
        made = self.client.create_cloud_storage_integration("Folder", name, folder_path=str(self.folder))
        self.project, self.integration = self.client.create_project(name, input_type="IMAGE")["id"], made["id"]
        self.connection = self.client.add_cloud_storage_connection(self.project, self.integration, ["bears"])["id"]

    def put(self, *keys: str) -> None:
        for key in keys:
            (self.folder / key).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / key).write_text(key)

    def assets(self) -> list[str]:
        rows = self.client.assets(self.project, fields=("externalId",), disable_tqdm=True)
        return sorted(row["externalId"] for row in rows)

    def select(self, *folders: str) -> None:
        """Select otherwise, so that nothing is computed yet of what is selected now."""
        select_aside(self._data_dir, self.connection, Selection(selected_folders=folders))

    def allow(self, *folders: str) -> None:
        """Change the integration, so that what was computed of it is not to be applied."""
        self.client.update_cloud_storage_integration(self.integration, allowed_paths=list(folders))

    def before(self, operation: str, *changes: Callable[[], None]) -> None:
        """Have something changed right before an operation is sent: one thing each time, while there are more."""
        ask, left = self.client.wire.ask, iter(changes)

        def asks(document: str, **variables: object) -> Any:  # noqa: ANN401
            change = next(left, None) if operation in document else None
            if change is not None:
                change()
            return ask(document, **variables)

        self.patch.setattr(self.client.wire, "ask", asks)


@pytest.fixture(params=WAYS, scope="module")
def there(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reached]:
    with reached(request.param, tmp_path_factory.mktemp("there"), Kili) as found:
        yield found


@pytest.fixture
def place(there: Reached, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(there, request.node.name, monkeypatch)


@pytest.mark.parametrize("moment", [COMPUTE, SUMMARY, APPLY])
def test_another_selection_is_the_one_that_counts(place: Place, moment: str) -> None:
    place.before(moment, lambda: place.select("foxes"))
    assert place.client.synchronize_cloud_storage_connection(place.connection, True)["numberOfAssets"] == 1
    assert place.assets() == ["foxes/1.jpg"]


def test_another_integration_is_the_one_that_counts(place: Place) -> None:
    place.before(APPLY, lambda: place.allow("bears"))
    assert place.client.synchronize_cloud_storage_connection(place.connection)["numberOfAssets"] == 2


def test_what_was_done_before_is_counted_with_what_is_done_after(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.client.synchronize_cloud_storage_connection(place.connection)
    (place.folder / "bears" / "1.jpg").write_text("another")
    place.put("bears/3.jpg")
    place.before(APPLY, lambda: None, lambda: place.select("bears", "foxes"))
    with caplog.at_level("INFO", logger="bucketlink"):
        done = place.client.synchronize_cloud_storage_connection(place.connection)
    assert done["numberOfAssets"] == 4
    said = [message for message in caplog.messages if message.startswith(("Added", "Renewed"))]
    assert said == ["Added 1 asset(s).", "Added 2 asset(s).", "Renewed 1 asset(s)."]
    assert any("was changed meanwhile: computing again" in message for message in caplog.messages)


def test_the_limit_of_removals_is_of_all_together(place: Place) -> None:
    place.client.synchronize_cloud_storage_connection(place.connection)
    place.put("bears/3.jpg")
    place.before(APPLY, lambda: place.select("foxes"))
    with pytest.raises(GuardRefusal, match="more than the 1 that max_delete allows"):
        place.client.synchronize_cloud_storage_connection(place.connection, True, max_delete=1)
    assert place.assets() == ["bears/1.jpg", "bears/2.jpg"]


@pytest.mark.parametrize("moment", [SUMMARY, APPLY])
def test_what_is_changed_again_and_again_says_what_to_do(place: Place, moment: str) -> None:
    other = cycle([("bears", "foxes"), ("bears",)])
    place.before(moment, *[lambda: place.select(*next(other))] * 20)
    says = rf"^What connection {place.connection} selects, or its integration, was changed meanwhile, again and again: "
    with pytest.raises(Conflict, match=f"{says}try again once nobody changes it"):
        place.client.synchronize_cloud_storage_connection(place.connection)
    computed = [run for run in place.client.runs(place.connection) if run["kind"] == "COMPUTE"]
    assert len(computed) == 1 + ROUNDS
    place.patch.undo()
    place.client.synchronize_cloud_storage_connection(place.connection)
    assert "bears/1.jpg" in place.assets()


def test_differences_that_somebody_asks_for_are_of_the_selection_of_the_moment(place: Place) -> None:
    place.before(SUMMARY, lambda: place.select("foxes"))
    assert place.client.compute_differences(place.connection)["added"] == 1


def test_what_is_left_is_of_the_selection_of_the_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(tmp_path) as server, Kili(server.api_key, server.endpoint) as kili:
        place = Place(Reached(kili, server.data_dir, server.root), "bucket", monkeypatch)
        # It is asked for twice: for what to apply, and for what is left.
        place.before(SUMMARY, lambda: None, lambda: place.select("bears", "foxes"))
        done = kili.synchronize_cloud_storage_connection(place.connection)
    assert done["numberOfAssets"] == 2
    assert re.fullmatch(r"con\d+", done["id"])
    assert done["dataDifferencesSummary"] == {"added": 1, "removed": 0, "changed": 0, "total": 1}

"""Computations that find nothing, or little: stretches that are the same are not looked at key by key."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from bucketlink import jobs
from bucketlink.buckets.packed import packed
from bucketlink.errors import BucketError
from bucketlink.model import BucketAddress, Credentials, Platform
from bucketlink.spans import Page
from bucketlink.store import assets as asset_store
from bucketlink.store import landmarks
from bucketlink.store.tables import assets, runs
from bucketlink.store.tables import landmarks as landmark_table
from bucketlink.sync import same
from bucketlink.sync.engine import _Computation
from bucketlink.sync.march import AssetColumns, Marcher, Step
from bucketlink.sync.same import Same
from bucketlink.sync.selection import everything
from tests.servers.pages import PageServer, Stored
from tests.sync.desk import ADD, CHANGED, REMOVE, Desk

COUNT = 12_000


@pytest.fixture
def server() -> Iterator[PageServer]:
    with PageServer([f"{number:06}.jpg" for number in range(COUNT)]) as server:
        yield server


@pytest.fixture
def desk(tmp_path: Path, server: PageServer) -> Iterator[Desk]:
    address = BucketAddress(Platform.CUSTOM_S3, "bucket", server.endpoint)
    opened = Desk.open(tmp_path, address=address, credentials=Credentials("a", "b"))
    yield opened
    opened.home.close()


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many keys of the listing each step compared one by one."""
    found: list[int] = []
    compare = Marcher.compare

    def counted(marcher: Marcher, page: Page, columns: AssetColumns) -> Step:
        found.append(len(page))
        return compare(marcher, page, columns)

    monkeypatch.setattr(Marcher, "compare", counted)
    return found


def test_what_is_the_same_is_not_compared_key_by_key(desk: Desk, compared: list[int]) -> None:
    connection = desk.connect()
    desk.synchronize(connection)
    compared.clear()
    run_id = desk.request_compute(connection)
    desk.work()
    assert sum(compared) == 0
    assert desk.run(run_id).objects == COUNT


def test_one_change_is_found_among_many_that_are_the_same(desk: Desk, server: PageServer, compared: list[int]) -> None:
    connection = desk.connect()
    desk.synchronize(connection)
    server.put_all({"000500.jpg": Stored(8, "other"), "011500x.jpg": Stored()})
    server.delete("005500.jpg")
    compared.clear()
    run_id = desk.request_compute(connection)
    desk.work()
    assert desk.keys(connection, CHANGED) == ["000500.jpg"]
    assert desk.keys(connection, REMOVE) == ["005500.jpg"]
    assert desk.keys(connection, ADD) == ["011500x.jpg"]
    assert desk.run(run_id).objects == COUNT
    assert sum(compared) <= COUNT


@pytest.mark.parametrize("values", [{"etag": "other"}, {"size": 9}, {"connection_id": 999}, {"archived": "GLACIER"}])
def test_any_column_that_differs_is_noticed(desk: Desk, compared: list[int], values: dict[str, object]) -> None:
    connection = desk.connect()
    desk.synchronize(connection)
    with desk.home.database.write() as tx:
        tx.execute(update(assets).where(assets.c.key == "007777.jpg").values(values))
    compared.clear()
    desk.compute(connection)
    assert sum(compared) > 0


def test_assets_behind_the_last_object_are_noticed(desk: Desk, server: PageServer) -> None:
    connection = desk.connect()
    desk.synchronize(connection)
    for number in (0, 6000, COUNT - 1):
        server.delete(f"{number:06}.jpg")
    desk.compute(connection)
    assert desk.keys(connection, REMOVE) == ["000000.jpg", "006000.jpg", f"{COUNT - 1:06}.jpg"]


def test_a_listing_that_fails_after_much_that_is_the_same_goes_on_from_there(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = desk.connect()
    desk.synchronize(connection)
    monkeypatch.setattr(same, "NOTE_SECONDS", 0.0)
    monkeypatch.setattr("bucketlink.sync.engine.SAME_KEYS", 3000)
    is_same, taken = _Computation._is_same, 0

    def failing(*args: object) -> bool:
        nonlocal taken
        taken += 1
        if taken == 3:
            raise BucketError("interrupted")
        return is_same(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(_Computation, "_is_same", failing)
    run_id = desk.request_compute(connection)
    claim = jobs.take(desk.home)
    assert claim is not None
    with pytest.raises(BucketError):
        jobs._DO[claim.run.kind](desk.home, claim)
    seen = desk.run(run_id).objects
    assert 0 < seen < COUNT
    with desk.home.database.write() as tx:
        tx.execute(update(runs).where(runs.c.id == run_id).values(state="QUEUED"))
    desk.work()
    assert desk.run(run_id).objects == COUNT
    assert desk.connection(connection).summary.total == 0


def test_a_listing_leaves_landmarks_by_which_the_next_one_is_right_whatever_has_changed(
    desk: Desk, server: PageServer
) -> None:
    connection = desk.connect()
    desk.synchronize(connection)
    with desk.home.database.read() as tx:
        found = landmarks.get(tx, desk.integration_id, "")
    assert list(found.keys) == [f"{n:06}.jpg" for n in range(found.spacing - 1, COUNT, found.spacing)]
    stays = [number for number in range(COUNT) if not 2000 <= number < 9000]
    server.replace([f"{number:06}.jpg" for number in stays] + [f"zz/{number:06}.jpg" for number in range(9000)])
    assert desk.compute(connection) == (9000, 7000, 0)
    with desk.home.database.read() as tx:
        renewed = landmarks.get(tx, desk.integration_id, "")
    assert len(renewed.keys) * renewed.spacing == pytest.approx(COUNT + 2000, abs=renewed.spacing)


def test_landmarks_go_with_their_integration(desk: Desk) -> None:
    from bucketlink.store import integrations  # noqa: PLC0415

    connection = desk.connect()
    desk.compute(connection)
    with desk.home.database.write() as tx:
        assert tx.scalar(select(landmark_table.c.integration_id)) == desk.integration_id
    desk.disconnect(connection)
    with desk.home.database.write() as tx:
        integrations.remove(tx, desk.caller.organization_id, desk.integration_id)
        assert tx.scalar(select(landmark_table.c.integration_id)) is None


def test_after_differences_the_same_is_asked_more_rarely_and_soon_again_after_none() -> None:
    found = Same()

    def until_asked() -> int:
        passed = 0
        while not found.is_likely:
            found.pass_over()
            passed += 1
        return passed

    pauses = []
    for _ in range(6):
        found.note(5, is_same=False)
        pauses.append(until_asked())
    assert pauses == [1, 3, 7, 15, 16, 16]
    found.note(5, is_same=True)
    assert until_asked() == 0
    assert found.take() == 5
    assert found.take() == 0


ROW = st.tuples(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=3),
    st.integers(0, 2),
    st.sampled_from(["", "e", "f"]),
    st.sampled_from([None, None, "GLACIER"]),
)
ROWS = st.lists(ROW, unique_by=lambda row: row[0], min_size=1, max_size=6).map(sorted)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk whose assets are those of one example after the other."""
    opened = Desk.open(tmp_path_factory.mktemp("agree"))
    yield opened
    opened.home.close()


@settings(deadline=None, max_examples=150)
@given(here=ROWS, there=ROWS, is_alike=st.booleans(), owners=st.lists(st.integers(1, 3), min_size=6, max_size=6))
def test_what_agrees_is_what_the_march_finds_no_difference_in(
    table: Desk,
    here: list[tuple[str, int, str, str | None]],
    there: list[tuple[str, int, str, str | None]],
    is_alike: bool,
    owners: list[int],
) -> None:
    there = here if is_alike else there
    archived = [row[3] for row in here]
    page = Page(
        [row[0] for row in here],
        [row[1] for row in here],
        [row[2] for row in here],
        archived=archived if any(archived) else None,
    )
    fixed = {"project_id": 1, "integration_id": 1, "run_id": 1, "created_at": 0, "updated_at": 0}
    with table.home.database.write() as tx:
        tx.execute(delete(assets))
        for number, (key, size, etag, told) in enumerate(there):
            row = {"key": key, "id": number, "connection_id": owners[number], "size": size, "etag": etag}
            tx.execute(insert(assets).values(**fixed, **row, archived=told))
        agrees = asset_store.agree(tx, 1, 1, packed(page), start="", after=None, owners=[1, 2])
        columns = asset_store.stretch(tx, 1, 1, start="", after=None, through=page.keys[-1])
    same_rows = here == [row for row in there if row[0] <= page.keys[-1]]
    owned = {1, 2} >= set(owners[: len(columns)])
    assert agrees == (same_rows and owned)
    if agrees:
        assert Marcher(1, frozenset({1, 2}), everything, clean=True).compare(page, columns) == Step()

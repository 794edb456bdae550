"""Writing and applying many rows at once: each as it was found, whatever their number."""

import re

import pytest
from sqlalchemy import Connection, create_mock_engine, event, select

from bucketlink.model import Difference, DifferenceType
from bucketlink.store import difference_pages, differences
from bucketlink.store.database import first_rows
from bucketlink.store.dialects import number
from bucketlink.store.differences import Batch
from bucketlink.store.tables import assets
from bucketlink.store.tables import differences as difference_table
from bucketlink.sync import pacing
from tests.sync.desk import ADD, CHANGED, REMOVE, Desk

RUN = 1000


@pytest.mark.parametrize("rows", [1, 49, 50, 51, 100, 233])
def test_every_row_is_written_as_it_was_found(desk: Desk, rows: int) -> None:
    keys = [f"{n:04} ' \" ? :x %s \n é 😀" for n in range(rows)]
    added = Batch(
        ADD,
        keys,
        list(range(rows)),
        [f"e{n}" for n in range(rows)],
        [None if n % 3 else n for n in range(rows)],
        [None if n % 2 else "image/jpeg" for n in range(rows)],
    )
    removed = Batch(REMOVE, keys, [-1] * rows, [""] * rows, asset_ids=list(range(rows)), archived=["GLACIER"] * rows)
    with desk.home.database.write() as tx:
        differences.write(tx, RUN, [added, removed])
        found = difference_pages.page(tx, RUN, first=1000).rows
    assert found == [
        *(
            Difference(ADD, key, n, f"e{n}", None if n % 3 else n, None if n % 2 else "image/jpeg")
            for n, key in enumerate(keys)
        ),
        *(Difference(REMOVE, key, -1, "", archived="GLACIER", asset_id=n) for n, key in enumerate(keys)),
    ]


@pytest.mark.parametrize(
    ("limit", "reached"), [(1, (1, "a")), (2, (2, "b")), (3, (3, "c")), (4, (3, "c")), (100, (3, "c"))]
)
def test_the_first_rows_end_at_a_key(desk: Desk, limit: int, reached: tuple[int, str]) -> None:
    key = difference_table.c.key
    with desk.home.database.write() as tx:
        differences.write(tx, RUN, [Batch(ADD, ["a", "b", "c"], [1] * 3, ["e"] * 3)])
        assert first_rows(tx, key, [difference_table.c.run_id == RUN], limit) == reached
        assert first_rows(tx, key, [difference_table.c.run_id == RUN + 1], limit) == (0, None)
        deleted = [differences.delete_some(tx, RUN, 2) for _ in range(3)]
    assert deleted == [2, 1, 0]


def test_ids_ascend_with_keys_over_many_transactions_and_leave_none_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "FIRST", 7)
    monkeypatch.setattr(pacing, "MOST", 7)
    desk.put(*(f"{n:02}.jpg" for n in range(40)))
    connection = desk.connect()
    desk.synchronize(connection)
    desk.delete("03.jpg", "20.jpg")
    desk.synchronize(connection)
    desk.put("03.jpg", "20.jpg", "99.jpg")
    desk.synchronize(connection)
    ids = [row.id for _, row in sorted(desk.assets().items())]
    assert ids[:40] == list(range(ids[0], ids[0] + 40))
    assert ids[40] > ids[39]


def test_numbers_are_a_window_where_there_is_no_function_of_ours() -> None:
    postgresql = create_mock_engine("postgresql+psycopg2://", lambda *_: None).dialect
    statement = select(number(assets.c.key)).compile(dialect=postgresql)
    assert "row_number() OVER (ORDER BY assets.key)" in str(statement)


def test_assets_are_looked_up_for_differences_and_never_the_other_way_round(desk: Desk) -> None:
    desk.put("a.jpg", "b.jpg")
    connection = desk.connect()
    desk.synchronize(connection)
    desk.put("a.jpg")
    desk.delete("b.jpg")
    desk.compute(connection)
    plans: dict[str, list[str]] = {}

    @event.listens_for(desk.home.database.engine, "before_cursor_execute")
    def explain(tx: Connection, _cursor: object, statement: str, values: object, *_more: object) -> None:
        touched = re.match(r"(UPDATE|DELETE FROM|INSERT INTO) (assets|asset_changes|removed_assets)\b", statement)
        if touched:
            assert isinstance(values, tuple)
            rows = tx.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
            plans[statement] = [row[3] for row in rows if "assets" in row[3]]

    desk.apply(connection, CHANGED)
    desk.apply(connection, DifferenceType.REMOVE)

    assert len(plans) == 5, plans
    for looked_up in plans.values():
        assert all("(project_id=? AND integration_id=? AND key=?)" in one for one in looked_up), plans
        assert looked_up

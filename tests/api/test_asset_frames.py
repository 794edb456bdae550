"""Assets as data frames: types that hold with missing values, and without any row."""

from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import polars as pl
import pytest

from bucketlink.client.assets.assets import ASSET_FIELDS
from bucketlink.client.assets.pages import COLUMN_ROWS
from bucketlink.errors import InvalidInput
from tests.api.imported import CREATED, Imported, numbered

pd: Any = import_module("pandas")  # it has no types

FIELDS = (
    "id",
    "externalId",
    "size",
    "etag",
    "archived",
    "createdAt",
    "priority",
    "skipped",
    "consensusMark",
    "labels.id",
)


def fill(project: Imported) -> None:
    project.add(numbered(3))
    with project.database() as database:
        database.execute("UPDATE assets SET size = -1, etag = '' WHERE id = 2")


def test_pandas_gets_types(project: Imported) -> None:
    fill(project)

    frame = project.client.assets(project.project, fields=FIELDS, format="pandas")
    stored = project.client.assets(project.project, fields=FIELDS[:6], format="pandas")
    empty = project.client.assets(project.project, fields=FIELDS, format="pandas", external_id_in=["wolf"])

    types = {
        **dict.fromkeys(("id", "externalId", "etag", "archived"), "string"),
        **dict.fromkeys(("size", "priority"), "Int64"),
        "createdAt": "datetime64[us, UTC]",
        "skipped": "boolean",
        "consensusMark": "Float64",
        "labels": "object",
    }
    for one in (frame, empty):
        assert {name: str(type_) for name, type_ in one.dtypes.items()} == types
    assert len(empty) == 0
    assert list(frame["externalId"]) == numbered(3)
    assert frame["size"].isna().tolist() == frame["etag"].isna().tolist() == [False, True, False]
    assert frame["createdAt"][0] == datetime.fromtimestamp(CREATED / 1000 + 1, UTC)
    assert frame["labels"].tolist() == [[], [], []]
    pd.testing.assert_frame_equal(stored, frame[list(FIELDS[:6])])


def test_polars_gets_types(project: Imported) -> None:
    fill(project)

    frame = project.client.assets(project.project, fields=FIELDS, format="polars")
    stored = project.client.assets(project.project, fields=FIELDS[:6], format="polars")
    empty = project.client.assets(project.project, fields=FIELDS, format="polars", external_id_in=["wolf"])

    types = {
        **dict.fromkeys(("id", "externalId", "etag", "archived"), pl.String()),
        **dict.fromkeys(("size", "priority"), pl.Int64()),
        "createdAt": pl.Datetime("us", "UTC"),
        "skipped": pl.Boolean(),
        "consensusMark": pl.Float64(),
        "labels": pl.Object(),
    }
    for one in (frame, empty):
        assert dict(one.schema) == types
    assert len(empty) == 0
    assert frame["externalId"].to_list() == numbered(3)
    assert frame["size"].to_list() == [10, None, 10]
    assert frame["createdAt"][0] == datetime.fromtimestamp(CREATED / 1000 + 1, UTC)
    assert frame["labels"].to_list() == [[], [], []]
    assert stored.equals(frame.select(FIELDS[:6]))


def test_a_frame_of_what_scripts_ask_for_has_their_fields(local: Imported) -> None:
    fill(local)
    names = list(dict.fromkeys(name.partition(".")[0] for name in ASSET_FIELDS))

    assert list(local.client.assets(local.project, format="pandas").columns) == names
    polars = local.client.assets(local.project, format="polars")
    assert polars.columns == names
    assert polars["jsonMetadata"].to_list() == [{}, {}, {}]


@pytest.mark.parametrize("format_", ["pandas", "polars"])
def test_first_and_skip_count_in_frames(local: Imported, format_: Any) -> None:  # noqa: ANN401
    local.add(numbered(COLUMN_ROWS + 10))

    def found(first: int, skip: int = 0) -> list[str]:
        frame: Any = local.client.assets(local.project, None, skip, ("externalId",), first=first, format=format_)
        return list(frame["externalId"])

    assert found(first=COLUMN_ROWS + 3) == numbered(COLUMN_ROWS + 3)
    assert found(first=4, skip=5) == numbered(4, 6)
    assert found(first=0) == []


def test_frames_and_generators_do_not_go_together(local: Imported) -> None:
    with pytest.raises(InvalidInput, match="leave as_generator out"):
        local.client.assets(local.project, format="polars", as_generator=True)  # type: ignore[call-overload]

"""Exports have one type for each column, whatever it holds: in Parquet, and as the guide reads CSV and JSON Lines."""

from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.api.imported import Imported

pd: Any = import_module("pandas")  # these have no types
pq: Any = import_module("pyarrow.parquet")

ARCHIVED: dict[str, list[str | None]] = {
    "none": [None, None],
    "some": [None, "GLACIER"],
    "all": ["GLACIER", "DEEP_ARCHIVE"],
}
TEXTS = ("id", "externalId", "etag", "contentType", "archived")
MOMENTS = ("createdAt", "updatedAt")
MOMENT = "datetime64[us, UTC]"
TYPES = {"size": "Int64", **dict.fromkeys(TEXTS, "string")}


@pytest.fixture
def exported(local: Imported, tmp_path: Path) -> dict[str, Path]:
    """Exports in each format of assets of which none, some and all are archived; of one little else is known."""
    local.add(["001", "NA"])
    for name, archived in ARCHIVED.items():
        with local.database() as database:
            for number, value in enumerate(archived, 1):
                database.execute("UPDATE assets SET archived = ? WHERE id = ?", (value, number))
            database.execute("UPDATE assets SET size = -1, etag = '', content_type = NULL WHERE id = 1")
        for ending in ("csv", "jsonl", "parquet"):
            local.client.export_assets(local.project, tmp_path / f"{name}.{ending}")
    return {name: tmp_path / name for name in ARCHIVED}


def of_pandas(path: Path) -> Any:  # noqa: ANN401
    if path.suffix == ".csv":
        return pd.read_csv(path, dtype=TYPES, parse_dates=list(MOMENTS), keep_default_na=False, na_values=[""])
    if path.suffix == ".jsonl":
        return pd.read_json(path, lines=True, dtype=False).astype({**TYPES, **dict.fromkeys(MOMENTS, MOMENT)})
    return pd.read_parquet(path).astype(TYPES)


def of_polars(path: Path) -> pl.DataFrame:
    if path.suffix == ".csv":
        return pl.read_csv(path, infer_schema=False).with_columns(
            pl.col("size").cast(pl.Int64), pl.col(MOMENTS).str.to_datetime(time_zone="UTC")
        )
    if path.suffix == ".jsonl":
        texts = dict.fromkeys((*TEXTS, *MOMENTS), pl.String())
        return pl.read_ndjson(path, schema_overrides={"size": pl.Int64(), **texts}).with_columns(
            pl.col(MOMENTS).str.to_datetime(time_zone="UTC")
        )
    return pl.read_parquet(path)


def test_parquet_has_one_schema(exported: dict[str, Path]) -> None:
    schemas = [pq.read_schema(path.with_suffix(".parquet")) for path in exported.values()]
    assert schemas[0].equals(schemas[1])
    assert schemas[0].equals(schemas[2])
    types = dict(zip(schemas[0].names, map(str, schemas[0].types), strict=True))
    moments = dict.fromkeys(MOMENTS, "timestamp[us, tz=UTC]")
    assert types == {**dict.fromkeys(TEXTS, "string"), "size": "int64", **moments}


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_pandas_appends_one_export_to_another(exported: dict[str, Path], local: Imported, ending: str) -> None:
    frames = [of_pandas(path.with_suffix(ending)) for path in exported.values()]
    together = pd.concat(frames, ignore_index=True)
    for frame in (*frames, together):
        types = {name: str(type_) for name, type_ in frame.dtypes.items()}
        assert types == {**TYPES, **dict.fromkeys(MOMENTS, MOMENT)}
    assert together["externalId"].tolist() == ["001", "NA"] * 3
    assert together["size"].isna().tolist() == [True, False] * 3
    assert together["archived"].fillna("").tolist() == ["", "", "", "GLACIER", "GLACIER", "DEEP_ARCHIVE"]
    fields = tuple(together.columns)
    frame = local.client.assets(local.project, fields=fields, format="pandas")
    assert {name: str(type_) for name, type_ in frame.dtypes.items()} == types


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_polars_appends_one_export_to_another(exported: dict[str, Path], local: Imported, ending: str) -> None:
    frames = [of_polars(path.with_suffix(ending)) for path in exported.values()]
    together = pl.concat(frames)
    assert together["externalId"].to_list() == ["001", "NA"] * 3
    assert together["archived"].to_list() == [None, None, None, "GLACIER", "GLACIER", "DEEP_ARCHIVE"]
    frame = local.client.assets(local.project, fields=tuple(together.columns), format="polars")
    assert frame.schema == together.schema

"""Exports: every format, embedded and over HTTP; whole or not at all."""

import csv
import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from tempfile import NamedTemporaryFile, SpooledTemporaryFile
from typing import Any

import polars as pl
import pytest

from bucketlink.client.assets import parquet
from bucketlink.client.assets.exporting import EXPORT_FIELDS
from bucketlink.errors import InvalidInput, NotFound, ServerError
from tests.api.imported import CREATED, Imported, numbered

# They have no types.
pd: Any = import_module("pandas")
pa: Any = import_module("pyarrow")
pq: Any = import_module("pyarrow.parquet")

HARD = [
    'new\nline, "quoted".jpg',
    "\r\n",
    "a//b",
    " lead",
    "=1+1",
    "e\u0301",
    "\u00e9",
    "\U0001f43b",
    "\u2028",
    "-",
    "\\N",
]


def read(path: Path) -> list[dict[str, Any]]:
    match path.suffix:
        case ".csv":
            with path.open(encoding="utf-8", newline="") as file:
                return list(csv.DictReader(file))
        case ".parquet":
            rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
            return rows
        case _:
            return [json.loads(line) for line in path.read_bytes().decode().split("\n")[:-1]]


@pytest.mark.parametrize("name", ["all.csv", "all.jsonl", "all.NDJSON", "all.parquet"])
def test_keys_are_exact_in_every_format(project: Imported, tmp_path: Path, name: str) -> None:
    project.add(HARD)

    assert project.client.export_assets(project.project, tmp_path / name) == len(HARD)

    rows = read(tmp_path / name)
    assert [row["externalId"] for row in rows] == HARD
    assert [*rows[0]] == [*EXPORT_FIELDS]
    assert [row["id"] for row in rows[:2]] == ["ast1", "ast2"]
    assert str(rows[0]["size"]) == "10"
    assert rows[0]["archived"] == ("" if name == "all.csv" else None)


def test_parquet_has_types_that_pandas_and_polars_know(project: Imported, tmp_path: Path) -> None:
    project.add(numbered(3))
    with project.database() as database:
        database.execute("UPDATE assets SET size = -1, etag = '' WHERE id = 2")
    file = tmp_path / "all.parquet"

    project.client.export_assets(project.project, str(file))

    moment = pa.timestamp("us", tz="UTC")
    types = {name: pa.string() for name in EXPORT_FIELDS} | {
        "size": pa.int64(),
        "createdAt": moment,
        "updatedAt": moment,
    }
    assert {field.name: field.type for field in pq.read_schema(file)} == types
    assert pq.ParquetFile(file).metadata.row_group(0).column(0).compression == "ZSTD"
    frame = pd.read_parquet(file, dtype_backend="numpy_nullable")
    assert {name: str(frame[name].dtype) for name in ("id", "size", "createdAt")} == {
        "id": "string",
        "size": "Int64",
        "createdAt": "datetime64[us, UTC]",
    }
    assert frame["size"].isna().tolist() == [False, True, False]
    assert frame["createdAt"][0] == datetime.fromtimestamp(CREATED / 1000 + 1, UTC)
    utc = pl.Datetime("us", "UTC")
    known = {name: pl.String() for name in EXPORT_FIELDS} | {"size": pl.Int64(), "createdAt": utc, "updatedAt": utc}
    assert dict(pl.read_parquet(file).schema) == known


def test_row_groups_are_bounded(local: Imported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROWS", 10_000)
    local.add(numbered(25_000))

    local.client.export_assets(local.project, tmp_path / "rows.parquet")
    monkeypatch.setattr(parquet, "BYTES", 1)
    monkeypatch.setattr(parquet, "ROWS", 1_000_000)
    local.client.export_assets(local.project, tmp_path / "bytes.parquet")

    for name in ("rows.parquet", "bytes.parquet"):
        told = pq.ParquetFile(tmp_path / name).metadata
        assert [told.row_group(n).num_rows for n in range(told.num_row_groups)] == [10_000, 10_000, 5000]
    assert pq.read_table(tmp_path / "rows.parquet")["externalId"].to_pylist() == numbered(25_000)


@pytest.mark.parametrize("name", ["none.csv", "none.jsonl", "none.parquet"])
def test_an_export_of_nothing_is_a_file(local: Imported, tmp_path: Path, name: str) -> None:
    local.add(numbered(3))

    assert local.client.export_assets(local.project, tmp_path / name, external_id_in=["wolf"]) == 0

    assert read(tmp_path / name) == []
    if name == "none.parquet":
        assert pq.read_schema(tmp_path / name).names == [*EXPORT_FIELDS]
    else:
        assert (tmp_path / name).read_text("utf-8") == ("" if name == "none.jsonl" else ",".join(EXPORT_FIELDS) + "\n")


def test_filters_and_fields_say_what_is_written(project: Imported, tmp_path: Path) -> None:
    project.add(numbered(20))
    fields = ("externalId", "project.title", "skipped", "labels.id", "jsonMetadata", "priority")
    file = tmp_path / "some.parquet"
    for name in ("some.csv", "some.jsonl", "some.parquet"):
        exported = project.client.export_assets(
            project.project, tmp_path / name, fields=fields, external_id_in=["1.jpg"], asset_id_not_in=["ast1"]
        )
        assert exported == 1

    assert read(tmp_path / "some.jsonl") == [
        {
            "externalId": "bears/00000011.jpg",
            "project.title": "Bears",
            "skipped": False,
            "labels.id": [],
            "jsonMetadata": {},
            "priority": 0,
        }
    ]
    assert read(tmp_path / "some.csv") == [
        dict(zip(fields, ["bears/00000011.jpg", "Bears", "false", "[]", "{}", "0"], strict=True))
    ]
    assert read(file) == [dict(zip(fields, ["bears/00000011.jpg", "Bears", False, "[]", "{}", 0], strict=True))]


def test_an_open_file_is_written(local: Imported, tmp_path: Path) -> None:
    local.add(numbered(3))

    def exported(file: Any, format_: Any) -> None:  # noqa: ANN401
        assert local.client.export_assets(local.project, file, format_) == 3

    for format_ in ("csv", "jsonl", "parquet"):
        exported(made := io.BytesIO(), format_)
        assert not made.closed
        written = tmp_path / f"all.{format_}"
        with written.open("wb") as file:
            exported(file, format_)
        assert written.read_bytes() == made.getvalue()
        for kind in (NamedTemporaryFile, SpooledTemporaryFile):
            with kind() as temporary:
                exported(temporary, format_)
                temporary.seek(0)
                assert temporary.read() == made.getvalue()
        with gzip.open(tmp_path / "packed", "wb") as packed:
            exported(packed, format_)
        assert gzip.decompress((tmp_path / "packed").read_bytes()) == made.getvalue()


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda project, path: project.export_assets("prj1", path / "a.txt"), r"\.csv, \.jsonl, \.ndjson or \.parquet"),
        (lambda project, path: project.export_assets("prj1", path / "none"), "tells no format"),
        (lambda project, path: project.export_assets("prj1", path / "gone" / "a.csv"), "There is no directory"),
        (lambda project, path: project.export_assets("prj1", path, "csv"), "is a directory"),
        (lambda project, _: project.export_assets("prj1", io.BytesIO()), "give format"),
        (lambda project, _: project.export_assets("prj1", io.StringIO(), "csv"), "open for text"),
        (lambda project, path: project.export_assets("prj9", path / "a.csv"), "There is no project with the id prj9"),
        (lambda project, path: project.export_assets("prj1", path / "a.csv", fields=("nonsense",)), "nonsense"),
        (lambda project, path: project.export_assets("prj1", path / "a.csv", fields=()), "fields is empty"),
        (lambda project, path: project.export_assets("prj1", path / "a.csv", assignee_in=["Ana"]), "no assignments"),
        (lambda project, path: project.export_assets("prj1", path / "a.csv", created_at_gte="x"), "not a date"),
    ],
)
def test_what_cannot_be_exported_leaves_no_file(
    local: Imported, tmp_path: Path, ask: Callable[[Any, Path], object], says: str
) -> None:
    there = sorted(tmp_path.iterdir())
    with pytest.raises(ValueError, match=says):
        ask(local.client, tmp_path)
    assert sorted(tmp_path.iterdir()) == there


@pytest.mark.parametrize("given", [{"format": "xlsx"}, {"path": 7}, {"skip": 1}])
def test_arguments_are_checked(local: Imported, tmp_path: Path, given: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        local.client.export_assets(local.project, **{"path": tmp_path / "a.csv", **given})


def test_parquet_without_pyarrow_says_what_to_install(
    local: Imported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InvalidInput, match=r'pip install "bucketlink\[parquet\]"'):
        local.client.export_assets(local.project, tmp_path / "a.parquet")
    assert not (tmp_path / "a.parquet").exists()


@pytest.mark.parametrize("name", ["all.csv", "all.jsonl", "all.parquet"])
def test_an_export_that_breaks_leaves_what_was_there(
    local: Imported, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "ROWS", 10_000)
    local.add(numbered(25_000))
    (tmp_path / name).write_text("before")
    ask, asked = local.client.wire.ask, 0

    def breaks(document: str, **variables: object) -> Any:  # noqa: ANN401
        nonlocal asked
        asked += "assetColumns" in document
        if asked == 3:
            raise ServerError("gone")
        return ask(document, **variables)

    monkeypatch.setattr(local.client.wire, "ask", breaks)
    cut, format_ = io.BytesIO(), name.rpartition(".")[2]
    there = sorted(tmp_path.iterdir())
    with pytest.raises(ServerError):
        local.client.export_assets(local.project, tmp_path / name)
    asked = 0
    with pytest.raises(ServerError):
        local.client.export_assets(local.project, cut, format_)  # type: ignore[arg-type]

    assert (tmp_path / name).read_text() == "before"
    assert sorted(tmp_path.iterdir()) == there
    if name == "all.parquet":
        with pytest.raises(pa.ArrowInvalid):
            pq.read_table(io.BytesIO(cut.getvalue()))


@pytest.mark.parametrize("fields", [EXPORT_FIELDS, ("externalId", "project.title")], ids=["columns", "rows"])
@pytest.mark.parametrize("name", ["all.csv", "all.jsonl", "all.parquet"])
def test_a_project_that_is_deleted_meanwhile_leaves_what_was_there(
    project: Imported, tmp_path: Path, name: str, fields: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    project.add(numbered(20_000 if fields is EXPORT_FIELDS else 200))
    (tmp_path / name).write_text("before")
    ask = project.client.wire.ask

    def deletes(document: str, **variables: object) -> Any:  # noqa: ANN401
        answer = ask(document, **variables)
        if "where" in variables and "first" in variables:
            # As a colleague may, between the first page and the second.
            monkeypatch.undo()
            project.client.delete_project(project.project)
        return answer

    there = sorted(tmp_path.iterdir())
    monkeypatch.setattr(project.client.wire, "ask", deletes)
    with pytest.raises(NotFound, match=f"There is no project with the id {project.project}"):
        project.client.export_assets(project.project, tmp_path / name, fields=fields)

    assert (tmp_path / name).read_text() == "before"
    assert sorted(tmp_path.iterdir()) == there


EXPORT = """
import resource, signal, sys
from bucketlink import Client
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Client.embedded(sys.argv[1]) as client:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    try:
        client.export_assets("prj1", sys.argv[2])
    except OSError as error:
        print(error.filename)
"""


@pytest.mark.parametrize("name", ["all.csv", "all.jsonl", "all.parquet"])
def test_a_full_disk_leaves_what_was_there(local: Imported, tmp_path: Path, name: str) -> None:
    local.add(f"{number:040x}" for number in (pow(3, n, 2**160 - 47) for n in range(20_000)))
    (tmp_path / name).write_text("before")
    there = sorted(tmp_path.iterdir())

    done = subprocess.run(
        [sys.executable, "-c", EXPORT, local.data_dir, tmp_path / name],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.stdout, done.stderr) == (f"{tmp_path / name}\n", "")
    assert (tmp_path / name).read_text() == "before"
    assert sorted(tmp_path.iterdir()) == there


def test_a_link_leads_to_the_file_that_is_written(local: Imported, tmp_path: Path) -> None:
    local.add(numbered(2))
    (tmp_path / "link.csv").symlink_to("real.csv")

    local.client.export_assets(local.project, tmp_path / "link.csv")

    assert (tmp_path / "link.csv").is_symlink()
    assert len(read(tmp_path / "real.csv")) == 2
    umask = os.umask(0)
    os.umask(umask)
    assert (tmp_path / "real.csv").stat().st_mode & 0o777 == 0o666 & ~umask


@pytest.mark.parametrize("directory", ["/dev/fd", "/proc/self/fd"])
def test_a_pipe_that_is_named_by_its_number_is_written(local: Imported, directory: str) -> None:
    local.add(numbered(3))
    reads, writes = os.pipe()

    with os.fdopen(reads, encoding="utf-8") as pipe:
        try:
            assert local.client.export_assets(local.project, f"{directory}/{writes}", "jsonl") == 3
        finally:
            os.close(writes)
        assert [json.loads(line)["externalId"] for line in pipe] == numbered(3)


def test_progress_is_drawn_where_it_is_asked_for(
    local: Imported, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    local.add(numbered(20))

    local.client.export_assets(local.project, tmp_path / "a.csv")
    assert capsys.readouterr().err == ""
    local.client.export_assets(local.project, tmp_path / "a.csv", progress=True, external_id_in=["1.jpg"])
    assert "0/2" in capsys.readouterr().err

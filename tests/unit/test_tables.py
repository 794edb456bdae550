"""The tables, as either database is told to make them."""

import pytest
from sqlalchemy import create_mock_engine
from sqlalchemy.schema import ExecutableDDLElement

from bucketlink.store.tables import metadata


@pytest.mark.parametrize("url", ["sqlite://", "postgresql+psycopg2://"])
def test_unfinished_runs_have_an_index_of_their_own(url: str) -> None:
    made: list[str] = []

    def make(statement: ExecutableDDLElement, *_: object) -> None:
        made.append(str(statement.compile(dialect=engine.dialect)))

    engine = create_mock_engine(url, make)
    metadata.create_all(engine, checkfirst=False)
    partial = {statement.split()[2]: statement.partition(" WHERE ")[2] for statement in made if " WHERE " in statement}
    assert partial["ix_runs_unfinished"] == "finished_at IS NULL"
    assert partial["ix_runs_keeping"].startswith("keeps_differences IS ")

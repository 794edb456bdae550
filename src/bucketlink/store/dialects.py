"""What SQLite and PostgreSQL say in different words."""

from collections.abc import Mapping, Sequence
from itertools import chain, count, islice
from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, Table
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

_NUMBER = "bucketlink_number"
_TOGETHER = 50
"""Rows that one statement inserts; more of them gain nothing."""


class position(FunctionElement[int]):  # noqa: N801 - used as a function
    """``position(text, part)``: where a part stands in a text, from 1; 0 where it does not."""

    type = Integer()
    inherit_cache = True


@compiles(position, "sqlite")
def _instr(element: position, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's call
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(position, "postgresql")
def _strpos(element: position, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's call
    return f"strpos({compiler.process(element.clauses, **options)})"


class number(FunctionElement[int]):  # noqa: N801 - used as a function
    """``number(key)``: which of the rows that a statement inserts in the order of a key this is, from 1.

    For what is inserted next after `count_anew`.
    """

    type = BigInteger()
    inherit_cache = True


@compiles(number, "sqlite")
def _counted(_element: number, _compiler: SQLCompiler, **_options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's call
    # A window would cost SQLite more than inserting the rows does.
    return f"{_NUMBER}()"


@compiles(number, "postgresql")
def _row_number(element: number, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's call
    return f"row_number() OVER (ORDER BY {compiler.process(element.clauses, **options)})"


def count_anew(tx: Connection) -> None:
    """Let `number` begin with 1 in the next statement."""
    connection: Any = tx.connection.driver_connection
    connection.create_function(_NUMBER, 0, count(1).__next__)


def insert_columns(
    tx: Connection, table: Table, constants: Mapping[str, int], columns: Mapping[str, Sequence[object]]
) -> None:
    """Insert rows, given as columns of one length, that have the constants in common; the rest of them is null.

    Many rows to a statement, since SQLite takes longer to be called than to insert a row.
    """
    quoted = tx.dialect.identifier_preparer.quote
    names = ", ".join(quoted(name) for name in (*constants, *columns))
    row = f"({', '.join((*map(str, constants.values()), *'?' * len(columns)))})"
    statement = f"INSERT INTO {quoted(table.name)} ({names}) VALUES "
    rows = zip(*columns.values(), strict=True)
    together = len(next(iter(columns.values()))) // _TOGETHER
    if together:
        values = chain.from_iterable(islice(rows, together * _TOGETHER))
        many = zip(*[values] * (_TOGETHER * len(columns)), strict=True)
        tx.exec_driver_sql(statement + ", ".join([row] * _TOGETHER), list(many))
    rest = list(rows)
    if rest:
        tx.exec_driver_sql(statement + row, rest)

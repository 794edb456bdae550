"""What the wire lists and counts: the same steps for every kind of row."""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass

from bucketlink.client.checks import check_page
from bucketlink.client.graphql.queries import query
from bucketlink.client.graphql.wire import Wire
from bucketlink.client.rows import Rows
from bucketlink.client.types import FieldNames, Row


@dataclass(frozen=True, slots=True)
class Listing:
    """Two root fields that take the same filter: one answers rows, the other counts them."""

    rows: str
    counts: str
    where: str
    read: Callable[[Row], Row] | None = None
    """What makes of a row as it is on the wire the row that a script gets."""

    def count(self, wire: Wire, where: Row) -> int:
        """Count the rows."""
        number: int = wire.ask(query(self.counts, {"where": self.where}, None), where=where)
        return number

    def answer(
        self,
        wire: Wire,
        where: Row,
        fields: FieldNames,
        *,
        first: int | None,
        skip: int,
        disable_tqdm: bool | None,
        as_generator: bool,
        whole: Callable[[], None] | None = None,
    ) -> Iterable[Row]:
        """Answer the rows as `Rows`, behind a progress bar, or as a generator, which draws none.

        ``whole`` is as `Wire.rows` takes it.

        Raises:
            InvalidInput: a negative number, or a name of a field that cannot be sent; at once, generator or not.

        """
        check_page(first, skip)
        found = wire.rows(
            self.rows,
            (self.where, where),
            fields,
            first=first,
            skip=skip,
            disable_tqdm=True if as_generator else disable_tqdm,
            count=lambda: self.count(wire, where),
            whole=whole,
        )
        rows = self._read(found, self.read) if self.read else found
        return rows if as_generator else Rows(rows)

    @staticmethod
    def _read(found: Iterable[Row], read: Callable[[Row], Row]) -> Generator[Row, None, None]:
        return (read(row) for row in found)

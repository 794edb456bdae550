"""What is done with many assets at once: writing them to a file, signing URLs for them, looking at the first."""

import io
import os
from collections.abc import Generator
from contextlib import nullcontext
from typing import TypedDict, Unpack, cast

from bucketlink.client.assets.exporting import EXPORT_FIELDS, ExportFormat, Writable, format_of, opened, write
from bucketlink.client.assets.filters import AssetChoice, asset_where
from bucketlink.client.assets.pages import columns, count, rows, under_bar
from bucketlink.client.assets.preview import MOST_TILES, Preview, preview
from bucketlink.client.checks import check_page, checked, wrong_type
from bucketlink.client.graphql.wire import Wire
from bucketlink.client.types import FieldNames, Row
from bucketlink.errors import InvalidInput

_URL_FIELDS = ("id", "externalId", "signedUrl.url", "signedUrl.expiresAt", "signedUrl.reason")


class SignedUrlRow(TypedDict):
    """Where an asset's object can be read."""

    id: str
    """The asset's id."""
    externalId: str
    """Its object's key, exactly."""
    url: str | None
    """For GET alone; of a folder that is read without a server, ``file://…``. None where there is none."""
    expiresAt: str | None
    """Until when the URL holds; None where there is no end to it, or no URL."""
    reason: str | None
    """Why there is no URL, and what to do; None where there is one."""


class AssetFiles:
    """The methods that go through a project's assets, in constant memory."""

    _wire: Wire

    @checked
    def export_assets(
        self,
        project_id: str,
        path: str | os.PathLike[str] | Writable,
        format: ExportFormat | None = None,  # noqa: A002 - as `assets` names it
        *,
        fields: FieldNames = EXPORT_FIELDS,
        progress: bool | None = None,
        **filters: Unpack[AssetChoice],
    ) -> int:
        """Write a project's assets to a file, in order of creation, as CSV, JSON Lines or Parquet.

        Memory does not grow with their number. A file takes its name when it is whole: where something fails there
        is none, and what was there before stays.

        Args:
            project_id: the project.
            path: the file's name, or a file that is open for writing bytes.
            format: ``"csv"``, ``"jsonl"`` or ``"parquet"``, which takes ``pip install "bucketlink[parquet]"``; None
                tells it by the name, which then ends in ``.csv``, ``.jsonl``, ``.ndjson`` or ``.parquet``.
            fields: what to write of each, a column for each; ``a.b`` reaches into an object. Those of the schema's
                enumeration ``AssetColumn``, the default among them, are answered many times as fast as others.
            progress: True for a progress bar on standard error, False for none; None for one on terminals.
            **filters: which assets, by the filters of `assets`.

        Returns:
            How many assets were written.

        Raises:
            NotFound: there is no such project, or no longer at the end.
            InvalidInput: no such field or directory, the name tells no format, a filter by what is not kept, or
                Parquet without pyarrow.
            OSError: the file cannot be written.

        Example:
            >>> client.export_assets("prj1", "bears.parquet", external_id_in=["bears/"])  # doctest: +SKIP
            5108
            >>> pandas.read_parquet("bears.parquet").dtypes["createdAt"]  # doctest: +SKIP
            datetime64[us, UTC]

        """
        where = asset_where({"project_id": project_id, **filters})
        chosen = _format(path, format)
        names = list(dict.fromkeys(fields))
        found = columns(self._wire, where, names)
        hidden = None if progress is None else not progress
        pages = under_bar(self._wire, found, lambda: count(self._wire, where), hidden=hidden)
        self._wire.check_project(project_id)
        with opened(path) if isinstance(path, str | os.PathLike) else nullcontext(path) as file:
            return write(pages, names, file, chosen)

    @checked
    def signed_urls(
        self, project_id: str, *, first: int | None = None, **filters: Unpack[AssetChoice]
    ) -> Generator[SignedUrlRow, None, None]:
        """Go through URLs by which the objects of a project's assets can be read, for an hour at most.

        They are made some hundred at a time, as they are asked for: ask for further ones when you need them. Where
        a platform signs no URL without giving a secret away, the URL is one of the server's own; embedded, where
        there is no server, ``reason`` says so.

        Args:
            project_id: the project.
            first: how many at most; None for all.
            **filters: which assets, by the filters of `assets`.

        Returns:
            A generator of rows.

        Raises:
            InvalidInput: a negative number, or a filter by what is not kept.
            NotFound: there is no such project, or no longer when rows are taken.

        Example:
            >>> for row in client.signed_urls("prj1", first=10):  # doctest: +SKIP
            ...     print(row["externalId"], row["url"] or row["reason"])

        """
        check_page(first, 0)
        where = asset_where({"project_id": project_id, **filters})
        return self._signed_urls(where, first)

    def _signed_urls(self, where: Row, first: int | None) -> Generator[SignedUrlRow, None, None]:
        for row in rows(self._wire, where, _URL_FIELDS, first=first, large=False):
            url: Row = row.pop("signedUrl")
            yield cast("SignedUrlRow", row | url)

    @checked
    def preview(self, project_id: str, first: int = 12, **filters: Unpack[AssetChoice]) -> Preview:
        """Look at the first assets of a project: as the last line of a notebook's cell, a grid of small pictures.

        Images are read and shown small; of what is no image, or cannot be read, its key, kind and size are shown,
        and why. Reading takes 20 seconds at most.

        Args:
            project_id: the project.
            first: how many, up to 100.
            **filters: which assets, by the filters of `assets`.

        Returns:
            What notebooks show; its ``tiles`` hold keys, kinds, sizes and pictures (JPEG).

        Raises:
            NotFound: there is no such project.
            InvalidInput: too many assets, a filter by what is not kept, or no Pillow, which takes
                ``pip install "bucketlink[preview]"``.

        Example:
            >>> client.preview("prj1", external_id_in=["bears/"])  # doctest: +SKIP
            <Preview of prj1: 12 assets, 12 with pictures>

        """
        if not 1 <= first <= MOST_TILES:
            raise InvalidInput(f"first must be from 1 to {MOST_TILES}; it is {first}.")
        where = asset_where({"project_id": project_id, **filters})
        return preview(self._wire, project_id, where, first)


def _format(path: object, given: ExportFormat | None) -> ExportFormat:
    if isinstance(path, str | os.PathLike):
        return given or format_of(path)
    if not hasattr(path, "write"):
        raise wrong_type(f"export_assets() takes a file or its name as path, not this {type(path).__name__}.")
    if isinstance(path, io.TextIOBase):
        raise InvalidInput("The file is open for text, and bytes are written: open it in mode 'wb'.")
    if given is None:
        raise InvalidInput("An open file tells no format: give format, 'csv', 'jsonl' or 'parquet'.")
    return given

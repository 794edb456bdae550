"""A project's assets."""

from collections.abc import Generator
from typing import Any, Literal, Unpack, overload

from bucketlink.client.assets.files import AssetFiles
from bucketlink.client.assets.filters import AssetFilters, Moment, Pairs, asset_where
from bucketlink.client.assets.frames import Frame, FrameFormat, framer
from bucketlink.client.assets.pages import columns, count, pages, rows, top_names, under_bar
from bucketlink.client.checks import check_page, checked
from bucketlink.client.graphql.wire import Wire
from bucketlink.client.rows import Rows
from bucketlink.client.types import FieldNames, Row, Texts
from bucketlink.errors import InvalidInput

ASSET_FIELDS = (
    *("content", "createdAt", "externalId", "id", "isHoneypot", "jsonMetadata"),
    *("labels.author.id", "labels.author.email", "labels.createdAt", "labels.id", "labels.jsonResponse"),
    *("skipped", "status"),
)
"""What is answered of an asset unless a script says otherwise."""


class _Options(AssetFilters, total=False):
    download_media: bool
    local_media_dir: str | None
    label_output_format: Literal["dict", "parsed_label"]


class Assets(AssetFiles):
    """The methods about assets."""

    _wire: Wire

    @overload
    def assets(
        self,
        project_id: str,
        asset_id: str | None = None,
        skip: int = 0,
        fields: FieldNames | None = ASSET_FIELDS,
        asset_id_in: Texts | None = None,
        asset_id_not_in: Texts | None = None,
        disable_tqdm: bool | None = None,
        first: int | None = None,
        format: None = None,
        *,
        as_generator: Literal[False] = False,
        **more: Unpack[_Options],
    ) -> list[Row]: ...

    @overload
    def assets(
        self,
        project_id: str,
        asset_id: str | None = None,
        skip: int = 0,
        fields: FieldNames | None = ASSET_FIELDS,
        asset_id_in: Texts | None = None,
        asset_id_not_in: Texts | None = None,
        disable_tqdm: bool | None = None,
        first: int | None = None,
        format: None = None,
        *,
        as_generator: Literal[True],
        **more: Unpack[_Options],
    ) -> Generator[Row, None, None]: ...

    @overload
    def assets(
        self,
        project_id: str,
        asset_id: str | None = None,
        skip: int = 0,
        fields: FieldNames | None = ASSET_FIELDS,
        asset_id_in: Texts | None = None,
        asset_id_not_in: Texts | None = None,
        disable_tqdm: bool | None = None,
        first: int | None = None,
        *,
        format: FrameFormat,
        as_generator: Literal[False] = False,
        **more: Unpack[_Options],
    ) -> Frame: ...

    @checked
    def assets(  # noqa: D417 - filters by what is not kept are told of together
        self,
        project_id: str,
        asset_id: str | None = None,
        skip: int = 0,
        fields: FieldNames | None = ASSET_FIELDS,
        asset_id_in: Texts | None = None,
        asset_id_not_in: Texts | None = None,
        disable_tqdm: bool | None = None,
        first: int | None = None,
        format: str | None = None,  # noqa: A002 - the name that scripts use
        label_author_in: Texts | None = None,
        label_created_at: Moment | None = None,
        label_type_in: Texts | None = None,
        metadata_where: dict[str, object] | None = None,
        updated_at_gte: Moment | None = None,
        updated_at_lte: Moment | None = None,
        label_category_search: str | None = None,
        download_media: bool = False,
        local_media_dir: str | None = None,
        created_at_gte: Moment | None = None,
        created_at_lte: Moment | None = None,
        honeypot_mark_gte: float | None = None,
        honeypot_mark_lte: float | None = None,
        consensus_mark_gte: float | None = None,
        consensus_mark_lte: float | None = None,
        inference_mark_gte: float | None = None,
        inference_mark_lte: float | None = None,
        label_labeler_in: Texts | None = None,
        label_labeler_not_in: Texts | None = None,
        label_reviewer_in: Texts | None = None,
        label_reviewer_not_in: Texts | None = None,
        assignee_in: Texts | None = None,
        assignee_not_in: Texts | None = None,
        label_consensus_mark_gte: float | None = None,
        label_consensus_mark_lte: float | None = None,
        label_created_at_gte: Moment | None = None,
        label_created_at_lte: Moment | None = None,
        label_honeypot_mark_gte: float | None = None,
        label_honeypot_mark_lte: float | None = None,
        issue_type: str | None = None,
        issue_status: str | None = None,
        external_id_strictly_in: Texts | None = None,
        external_id_in: Texts | None = None,
        label_output_format: Literal["dict", "parsed_label"] = "dict",
        skipped: bool | None = None,
        status_in: Texts | None = None,
        step_name_and_status_in: Pairs | None = None,
        step_name_and_status_not_in: Pairs | None = None,
        step_name_in: Texts | None = None,
        step_name_not_in: Texts | None = None,
        step_status_in: Texts | None = None,
        step_status_not_in: Texts | None = None,
        group_name_in: Texts | None = None,
        group_name_not_in: Texts | None = None,
        *,
        as_generator: bool = False,
        step_id_in: Texts | None = None,
        step_id_not_in: Texts | None = None,
        step_id_and_status_in: Pairs | None = None,
        step_id_and_status_not_in: Pairs | None = None,
        external_id_contains: Texts | None = None,
        consensus_mark_gt: float | None = None,
        consensus_mark_lt: float | None = None,
        honeypot_mark_gt: float | None = None,
        honeypot_mark_lt: float | None = None,
        label_consensus_mark_gt: float | None = None,
        label_consensus_mark_lt: float | None = None,
        label_created_at_gt: Moment | None = None,
        label_created_at_lt: Moment | None = None,
        label_honeypot_mark_gt: float | None = None,
        label_honeypot_mark_lt: float | None = None,
    ) -> Any:
        """List the assets of a project that match every filter given, in order of creation.

        Filters by labels, marks, issues, metadata, assignees, steps and groups (``label_…``, ``…_mark_…``,
        ``issue_…``, ``metadata_where``, ``assignee_…``, ``step_…``, ``group_…``) are taken because scripts name
        them. Bucketlink keeps none of these things, and refuses such a filter rather than ignoring it.
        ``external_id_contains`` is an older name of ``external_id_strictly_in``, and ``…_gt``, ``…_lt`` are of
        ``…_gte``, ``…_lte``.

        Args:
            project_id: the project.
            asset_id: the asset with this id.
            skip: how many to leave out.
            fields: what to answer of each, as named in the schema's ``Asset``; ``a.b`` reaches into an object.
                None is as if not given.
            asset_id_in: those with one of these ids; an empty list means none, here and below.
            asset_id_not_in: those with none of these ids.
            disable_tqdm: True for no progress bar, None for one on terminals only.
            first: how many at most; None for all.
            format: ``"pandas"`` or ``"polars"`` to answer a DataFrame of that library. Its columns have types, also
                where it is empty: moments are UTC, ``size`` is Int64. It holds all rows, unlike `export_assets`.
            updated_at_gte: those last changed on this day, or at this moment, or later.
            updated_at_lte: those last changed on this day, or at this moment, or earlier.
            created_at_gte: those added then or later.
            created_at_lte: those added then or earlier.
            external_id_strictly_in: those with exactly one of these keys.
            external_id_in: those whose key holds one of these texts.
            skipped: True for none, as Bucketlink's assets are never skipped.
            status_in: those with one of these statuses; Bucketlink's assets are all ``TODO``.
            download_media: cannot be True: ``content`` is a URL to read an asset by, for an hour at most.
            local_media_dir: where it would be downloaded to.
            label_output_format: cannot be ``"parsed_label"``, as there are no labels.
            as_generator: answer a generator that asks for rows as they are taken, and draws no bar.

        Returns:
            A list of dictionaries with the fields asked for, the generator, or the DataFrame. ``jsonMetadata``
            is a dictionary in turn.

        Raises:
            NotFound: there is no such project; or no longer, while its assets are listed or generated.
            InvalidInput: a negative number, a field that does not exist, a filter by what is not kept, something
                that Bucketlink cannot do, or a DataFrame without pandas.
            TypeError: an argument of another type.

        Example:
            >>> client.assets("prj1", external_id_in=["bears/"], fields=("id", "externalId"))  # doctest: +SKIP
            [{'id': 'ast71', 'externalId': 'bears/1.jpg'}]
            >>> client.assets("prj1", fields=("externalId", "size"), format="polars")  # doctest: +SKIP
            shape: (5_108, 2) …

        """
        where = asset_where(locals())
        if download_media:
            raise InvalidInput(
                "Bucketlink downloads no media: leave download_media out, and read what the field content points to."
            )
        if label_output_format != "dict":
            raise InvalidInput("Bucketlink keeps no labels that could be parsed: leave label_output_format out.")
        check_page(first, skip)
        wanted = ASSET_FIELDS if fields is None else fields
        make = None if format is None else framer(format, top_names(wanted))
        if as_generator:
            if make is not None:
                raise InvalidInput(f"format={format!r} takes all rows at once: leave as_generator out.")
            return rows(self._wire, where, wanted, first=first, skip=skip)

        def total() -> int:
            there = max(count(self._wire, where) - skip, 0)
            return there if first is None else min(there, first)

        if make is not None:
            table = columns(self._wire, where, wanted, first=first, skip=skip, top=True)
            return make(under_bar(self._wire, table, total, hidden=disable_tqdm))
        found = pages(self._wire, where, wanted, first=first, skip=skip)
        return Rows(row for page in under_bar(self._wire, found, total, hidden=disable_tqdm) for row in page)

    @checked
    def count_assets(
        self,
        project_id: str,
        asset_id: str | None = None,
        asset_id_in: Texts | None = None,
        asset_id_not_in: Texts | None = None,
        metadata_where: dict[str, object] | None = None,
        status_in: Texts | None = None,
        label_type_in: Texts | None = None,
        label_author_in: Texts | None = None,
        label_created_at: Moment | None = None,
        skipped: bool | None = None,
        updated_at_gte: Moment | None = None,
        updated_at_lte: Moment | None = None,
        label_category_search: str | None = None,
        created_at_gte: Moment | None = None,
        created_at_lte: Moment | None = None,
        honeypot_mark_gte: float | None = None,
        honeypot_mark_lte: float | None = None,
        consensus_mark_gte: float | None = None,
        consensus_mark_lte: float | None = None,
        inference_mark_gte: float | None = None,
        inference_mark_lte: float | None = None,
        label_labeler_in: Texts | None = None,
        label_labeler_not_in: Texts | None = None,
        label_reviewer_in: Texts | None = None,
        label_reviewer_not_in: Texts | None = None,
        assignee_in: Texts | None = None,
        assignee_not_in: Texts | None = None,
        label_consensus_mark_gte: float | None = None,
        label_consensus_mark_lte: float | None = None,
        label_created_at_gte: Moment | None = None,
        label_created_at_lte: Moment | None = None,
        label_honeypot_mark_gte: float | None = None,
        label_honeypot_mark_lte: float | None = None,
        issue_type: str | None = None,
        issue_status: str | None = None,
        external_id_strictly_in: Texts | None = None,
        external_id_in: Texts | None = None,
        step_name_in: Texts | None = None,
        step_name_not_in: Texts | None = None,
        step_status_in: Texts | None = None,
        step_status_not_in: Texts | None = None,
        step_name_and_status_in: Pairs | None = None,
        step_name_and_status_not_in: Pairs | None = None,
        group_name_in: Texts | None = None,
        group_name_not_in: Texts | None = None,
        step_id_in: Texts | None = None,
        step_id_not_in: Texts | None = None,
        step_id_and_status_in: Pairs | None = None,
        step_id_and_status_not_in: Pairs | None = None,
        *,
        external_id_contains: Texts | None = None,
        consensus_mark_gt: float | None = None,
        consensus_mark_lt: float | None = None,
        honeypot_mark_gt: float | None = None,
        honeypot_mark_lt: float | None = None,
        label_consensus_mark_gt: float | None = None,
        label_consensus_mark_lt: float | None = None,
        label_created_at_gt: Moment | None = None,
        label_created_at_lt: Moment | None = None,
        label_honeypot_mark_gt: float | None = None,
        label_honeypot_mark_lt: float | None = None,
    ) -> int:
        """Count the assets that `assets` lists for the same filters, which are described there.

        Returns:
            Their number, 0 for a project that does not exist.

        Raises:
            InvalidInput: a filter by what is not kept.
            TypeError: an argument of another type.

        Example:
            >>> client.count_assets("prj1")  # doctest: +SKIP
            5108

        """
        return count(self._wire, asset_where(locals()))

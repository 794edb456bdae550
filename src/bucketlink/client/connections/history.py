"""What differs, what was done, and undoing it: Bucketlink's own, unknown to other servers of this wire."""

from collections.abc import Generator
from typing import cast

from bucketlink.client.checks import check_page, checked
from bucketlink.client.connections import differences, synchronize
from bucketlink.client.connections.waiting import ended, look, looks
from bucketlink.client.connections.warned import warnings
from bucketlink.client.graphql.queries import CONNECTION, RUN_WHERE, OfRuns, mutation
from bucketlink.client.graphql.wire import Wire
from bucketlink.client.log import tell
from bucketlink.client.rows import Rows
from bucketlink.client.types import (
    DifferenceRow,
    DifferenceTypeName,
    FolderRow,
    Observer,
    RunRow,
    SummaryRow,
    WarningRow,
)

_UNDO = OfRuns.of(mutation, "undoRun", RUN_WHERE)
_CANCEL = OfRuns.of(mutation, "cancelRun", RUN_WHERE)
_DELETE_WITH_ASSETS = OfRuns.of(mutation, "deleteDataConnectionWithAssets", {**CONNECTION, "force": "Boolean"})


class History:
    """The methods about differences and runs."""

    _wire: Wire

    @checked
    def compute_differences(self, connection_id: str) -> SummaryRow:
        """Compute a connection's differences, wait for that, and answer their counts.

        Raises:
            NotFound: there is no such connection.
            BucketError: the bucket could not be read; the differences are as they were.
            Conflict: what the connection selects was changed meanwhile, again and again.
            RunFailed: the computation was cancelled, or failed as nobody expected.

        Example:
            >>> client.compute_differences("con1")  # doctest: +SKIP
            {'added': 40, 'removed': 12, 'changed': 1, 'total': 52}

        """
        return synchronize.computed(self._wire, connection_id)[1]

    @checked
    def differences_summary(self, connection_id: str) -> SummaryRow:
        """Answer the counts of a connection's differences, as last computed.

        Raises:
            NotFound: there is no such connection.
            BucketError: the last computation failed; its reason is told rather than older counts.
            RunFailed: the last computation was cancelled.
            Conflict: nothing is computed yet of what the connection selects.

        Example:
            >>> client.differences_summary("con1")  # doctest: +SKIP
            {'added': 40, 'removed': 12, 'changed': 1, 'total': 52}

        """
        return synchronize.summary(self._wire, connection_id)[1]

    @checked
    def differences(
        self,
        connection_id: str,
        type: DifferenceTypeName | None = None,  # noqa: A002 - the wire's word
        *,
        folder: str | None = None,
        key: str | None = None,
        first: int | None = None,
    ) -> Generator[DifferenceRow, None, None]:
        """Go through a connection's differences, by type (ADD, REMOVE, CHANGED) and then by key.

        They are those that were computed last. Nothing is sent before the first one is asked for; memory
        does not grow with their number. What is applied meanwhile is left out; what a computation publishes
        meanwhile counts from there on.

        Args:
            connection_id: the connection.
            type: only differences of this type; None for all.
            folder: only keys below this folder, whole segments: ``"a/b"`` takes ``a/b/1.jpg`` and not ``a/b2/1.jpg``.
                ``""`` takes keys without any slash, None all.
            key: a pattern that keys must match. One without ``*`` matches keys that start with it; one with ``*``
                must match the whole key, each ``*`` standing for one or more characters, ``/`` included. A rare one
                takes about a second for each million differences.
            first: how many at most; None for all.

        Returns:
            A generator of `DifferenceRow`.

        Raises:
            InvalidInput: a negative number; a folder or pattern that no key can match, such as one with a NUL.
            NotFound: there is no such connection.
            Conflict: nothing is computed yet of what it selects.

        Example:
            >>> for row in client.differences("con1", "REMOVE", folder="bears", key="*.png"):  # doctest: +SKIP
            ...     print(row["bucketKey"], row["dataAssetId"])
            bears/arctic/7.png ast1

        """
        check_page(first, 0)
        where = {"connectionId": connection_id, "type": type, "folder": folder, "key": key}
        return differences.rows(self._wire, where, first)

    @checked
    def difference_folders(
        self,
        connection_id: str,
        folder: str | None = None,
        *,
        type: DifferenceTypeName | None = None,  # noqa: A002 - the wire's word
    ) -> list[FolderRow]:
        """Count a connection's differences by folder, in order of the folders' names.

        The counts of all rows add up to what lies below ``folder``. Of more than 500 folders, those with the most
        differences are told, and the others together in a last row whose ``folder`` is None. For each million
        differences it takes some tenths of a second in few folders, and about three seconds in very many.

        Args:
            connection_id: the connection.
            folder: count what lies below this folder, by the next segment of the keys. None counts by the first
                segment, ``""`` only keys without any slash.
            type: only differences of this type; None for all.

        Returns:
            A list of `FolderRow`, empty where nothing differs there.

        Raises:
            InvalidInput: a folder that no key can match, such as one with a NUL.
            NotFound: there is no such connection.
            Conflict: nothing is computed yet of what it selects.

        Example:
            >>> client.difference_folders("con1", "bears")  # doctest: +SKIP
            [{'folder': 'bears', 'added': 3, 'removed': 0, 'changed': 1},
             {'folder': 'bears/arctic', 'added': 40, 'removed': 12, 'changed': 0}]

        """
        where = {"connectionId": connection_id, "type": type, "folder": folder}
        return Rows(differences.folders(self._wire, where))

    @checked
    def warnings(self, connection_id: str) -> list[WarningRow]:
        """Answer what was left out of a connection's bucket, and what of its selection has no object there.

        They are of the computation whose differences are shown. Synchronizing logs their sentences.

        Raises:
            NotFound: there is no such connection.

        Example:
            >>> for warning in client.warnings("con1"):  # doctest: +SKIP
            ...     print(warning["text"])
            The folder 2026/sprng/ holds no object in the bucket.
            12 keys were left out, since they are longer than 1,024 bytes, such as scans/….

        """
        return Rows(warnings(self._wire, connection_id))

    @checked
    def runs(self, connection_id: str, first: int | None = None, skip: int = 0) -> Generator[RunRow, None, None]:
        """Go through what was checked, computed, applied and undone for a connection, newest first.

        Args:
            connection_id: the connection, which may have been removed since.
            first: how many at most; None for all.
            skip: how many of the newest to leave out.

        Returns:
            A generator of `RunRow`.

        Raises:
            InvalidInput: a negative number.
            NotFound: there is no such connection.

        Example:
            >>> for run in client.runs("con1", first=2):  # doctest: +SKIP
            ...     print(run["id"], run["kind"], run["types"], run["state"], run["summary"]["total"])
            run7 APPLY ['ADD'] SUCCEEDED 40
            run6 COMPUTE [] SUCCEEDED 52

        """
        check_page(first, skip)
        return cast("Generator[RunRow, None, None]", self._wire.runs(connection_id, first=first, skip=skip))

    @checked
    def run(self, run_id: str) -> RunRow:
        """Answer one run as it stands.

        Raises:
            NotFound: there is no such run.

        Example:
            >>> client.run("run7")["state"]  # doctest: +SKIP
            'SUCCEEDED'

        """
        return look(self._wire, run_id)

    @checked
    def watch(self, run_id: str) -> Generator[RunRow, None, None]:
        """Answer a run as it stands, and again each time that it has changed, until it has ended.

        It is looked at once a second. How it ended is in the last row; that it failed raises nothing.

        Raises:
            NotFound: there is no such run.

        Example:
            >>> for run in client.watch("run5"):  # doctest: +SKIP
            ...     print(run["state"], run["objects"], run["rate"], run["share"])

        """
        return _watch(self._wire, run_id)

    @checked
    def undo(self, run_id: str, wait: bool = True) -> RunRow:
        """Undo an application of differences, except for what something changed later.

        What was undone cannot be undone again, but its undoing can be undone: ``undoneBy`` of a run names it. One
        that is under way is joined.

        Args:
            run_id: the run to undo, of kind APPLY, REMOVE or UNDO.
            wait: answer when it is done, with what it did in ``summary`` and ``left``; False answers at once.

        Raises:
            NotFound: there is no such run.
            Conflict: it cannot be undone, or no more, or was undone already; the sentence says by which run.
            RunFailed: the undoing was cancelled, or failed as nobody expected.

        Example:
            >>> client.undo("run7")["summary"]["removed"]  # doctest: +SKIP
            40

        """
        return undo(self._wire, run_id, wait=wait)

    @checked
    def cancel(self, run_id: str) -> RunRow:
        """End a run that is queued or running. What it did so far stays, and what is shown stays as it is.

        Raises:
            NotFound: there is no such run.
            Conflict: it has ended already.

        Example:
            >>> client.cancel("run7")["state"]  # doctest: +SKIP
            'CANCELLED'

        """
        cancelled: RunRow = self._wire.ask_runs(_CANCEL, where={"id": run_id})
        return cancelled

    @checked
    def delete_cloud_storage_connection_with_assets(
        self, connection_id: str, force: bool = False, wait: bool = True
    ) -> RunRow:
        """Remove a connection's assets, and then the connection.

        Args:
            connection_id: the connection.
            force: remove even where the connection has so many assets that it is refused.
            wait: answer when it is done; False answers at once.

        Returns:
            The run, by whose id `undo` brings the assets back for 29 days.

        Raises:
            NotFound: there is no such connection.
            GuardRefusal: it has more than 1,000 assets, and ``force`` is not given.
            RunFailed: the removal was cancelled, or failed as nobody expected.

        Example:
            >>> client.delete_cloud_storage_connection_with_assets("con1")["summary"]["removed"]  # doctest: +SKIP
            40

        """
        return delete_with_assets(self._wire, connection_id, force=force, wait=wait)


def undo(wire: Wire, run_id: str, *, wait: bool = True, observe: Observer | None = None) -> RunRow:
    """Undo a run, as `History.undo`."""
    undoing, was_under_way = begin_undo(wire, run_id)
    doing = "Run %s is being undone already, by run %s." if was_under_way else "Undoing run %s by run %s."
    tell(doing, run_id, undoing["id"])
    return ended(wire, undoing["id"], observe) if wait else undoing


def begin_undo(wire: Wire, run_id: str) -> tuple[RunRow, bool]:
    """Have a run undone; answers the undoing, and whether it was under way already."""
    before = look(wire, run_id)["undoneBy"]
    undoing: RunRow = wire.ask_runs(_UNDO, where={"id": run_id})
    return undoing, undoing["id"] == before


def delete_with_assets(
    wire: Wire, connection_id: str, *, force: bool = False, wait: bool = True, observe: Observer | None = None
) -> RunRow:
    """Remove a connection and its assets, as `History.delete_cloud_storage_connection_with_assets`."""
    removal: RunRow = wire.ask_runs(_DELETE_WITH_ASSETS, where={"id": connection_id}, force=force)
    tell("Removing connection %s and its assets by run %s.", connection_id, removal["id"])
    return ended(wire, removal["id"], observe) if wait else removal


def _watch(wire: Wire, run_id: str) -> Generator[RunRow, None, None]:
    before = None
    for run in looks(wire, run_id):
        if run != before:
            yield run
        before = run

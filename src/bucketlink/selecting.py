"""Changing what a connection selects, within the caller's transaction."""

from sqlalchemy import Connection as Transaction
from sqlalchemy import and_

from bucketlink.errors import InvalidInput
from bucketlink.model import Caller, Connection, RunKind, Selection
from bucketlink.store import connections, integrations, runs
from bucketlink.store.tables import runs as run_table
from bucketlink.sync.selection import Selector

LISTED_BEFORE = "The connection's selection was changed: list the container again."


def change(tx: Transaction, connection: Connection, selection: Selection, caller: Caller) -> None:
    """Select otherwise: what was computed of the selection before is shown no more, and computing it anew is queued.

    What was asked to be applied before is still applied, as it was promised. Where clients list the bucket, they send
    what they select of it: there is nothing to compute on before one has listed it again.

    Raises InvalidInput for patterns that cannot be used, and for folders that a prefix would keep without effect.
    """
    before = connection.selection
    if selection.prefix and selection.selected_folders != before.selected_folders:
        raise InvalidInput("A prefix replaces the folders: take the prefix away, if folders are to count.")
    integration = integrations.get(tx, connection.organization_id, connection.integration_id)
    notices = Selector(selection, integration.restriction).notices()
    if selection != before:
        connections.select_anew(tx, connection.id, selection, notices)
    if not integration.access.client_lists:
        _compute(tx, connection, caller)
    elif selection != before:
        of_listings = (run_table.c.connection_id == connection.id, run_table.c.kind == RunKind.COMPUTE)
        runs.cancel(tx, and_(*of_listings), LISTED_BEFORE)


def _compute(tx: Transaction, connection: Connection, caller: Caller) -> None:
    """Queue a computation, or join one: it looks at the selection again before its result is shown."""
    under_way = runs.unfinished(tx, connection.id, RunKind.COMPUTE)
    if under_way and under_way[-1].id != connection.published_run_id:
        return
    runs.enqueue(
        tx,
        RunKind.COMPUTE,
        organization_id=connection.organization_id,
        integration_id=connection.integration_id,
        project_id=connection.project_id,
        connection_id=connection.id,
        requested_by=caller.user_id,
    )

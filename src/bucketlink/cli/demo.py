"""``bucketlink demo``: a bucket and a project kept in step, from nothing, in one process.

Every figure that it prints was read back from the API or counted in the bucket, and is compared with what the
step did.
"""

import os
import shlex
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bucketlink.cli import pictures
from bucketlink.cli.choice import Choice
from bucketlink.cli.common import State, common_without_server, example, with_state
from bucketlink.cli.summary import by_folder
from bucketlink.cli.text import count
from bucketlink.errors import BucketlinkError, InvalidInput
from bucketlink.text import safe

if TYPE_CHECKING:
    from bucketlink.client.types import InputTypeName, Outcome

ADDED, REPLACED, DELETED = 6, 4, 5
"""What the demo does to its bucket after the first synchronization."""


@click.command(epilog=example("bucketlink demo", "bucketlink demo --from ~/Pictures"))
@click.option(
    "--from",
    "source",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Synchronize this folder of yours instead of sample pictures. It is read, never changed.",
)
@click.option(
    "--input-type",
    type=Choice(["IMAGE", "VIDEO", "PDF", "TEXT"]),
    default="IMAGE",
    show_default=True,
    help="With --from: the kind of data to take from it.",
)
@common_without_server
@with_state
def demo(state: State, source: Path | None, input_type: "InputTypeName") -> None:
    """Show how a project follows a bucket, end to end.

    Everything runs in this process, on a new directory of its own, or on --data-dir, which stays for you to
    go on with.
    """
    if state.endpoint:
        raise click.UsageError("The demo brings its own Bucketlink; it takes no --endpoint.")
    # It is for the database of a server, which sample data have no place in.
    os.environ.pop("BUCKETLINK_DATABASE_URL", None)
    home = _home(state.data_dir, source)
    data_dir = state.data_dir.expanduser().resolve() if state.data_dir else home / "data"
    if source is not None:
        bucket = source.expanduser().resolve()
    else:
        bucket = home / "bucket"
        bucket.mkdir()
    tour = Tour(state, data_dir, bucket, input_type)
    with tour.client:
        if source is None:
            tour.paint()
            tour.connect()
            tour.first_synchronization()
            tour.change()
            tour.second_synchronization()
            tour.undo()
        else:
            tour.connect()
            tour.first_synchronization()
            tour.again()
    tour.farewell(is_sample=source is None)


def _home(data_dir: Path | None, source: Path | None) -> Path:
    """Find a place for what the demo makes, outside the user's folder."""
    parent = (data_dir or _temporary()).expanduser().resolve()
    if source is not None and parent.is_relative_to(source.expanduser().resolve()):
        raise InvalidInput(f"The demo would write into {source}; give a --data-dir that lies outside of it.")
    parent.mkdir(parents=True, exist_ok=True)
    if data_dir is not None and source is not None:
        return parent
    return Path(tempfile.mkdtemp(prefix="bucketlink-demo-", dir=parent))


def _temporary() -> Path:
    """Find the directory for temporary ones without writing there, as ``tempfile.gettempdir`` does to try it."""
    named = next((value for name in ("TMPDIR", "TEMP", "TMP") if (value := os.environ.get(name))), "/tmp")  # noqa: S108
    return Path(named) if Path(named).is_dir() else Path(tempfile.gettempdir())


class Tour:
    """The steps of the demo, each of which checks what it did."""

    def __init__(self, state: State, data_dir: Path, bucket: Path, input_type: "InputTypeName") -> None:
        from bucketlink.client.client import Client  # noqa: PLC0415 - slow to load

        self.state, self.data_dir, self.bucket, self.input_type = state, data_dir, bucket, input_type
        self.steps: list[dict[str, object]] = []
        self.began = time.monotonic()
        self.project = self.integration = self.connection = ""
        self.deleted: list[str] = []
        self.ids: dict[str, str] = {}
        self.client = Client.embedded(data_dir, folder_roots=[bucket])
        self._say("Bucketlink demo: a bucket and a project, kept in step", f"Bucket: {bucket}", "")

    def paint(self) -> None:
        """Fill the bucket with pictures."""
        for key in pictures.names():
            pictures.paint(self.bucket, key)
        self._step("paint", f"Painted {count(self._objects(), 'picture')} in {len(pictures.FOLDERS)} folders.")

    def connect(self) -> None:
        """Make project, integration and connection."""
        made = self.client.create_project(f"Demo: {self.bucket.name}", input_type=self.input_type)
        self.project = made["id"]
        registered = self.client.create_cloud_storage_integration(
            "Folder", self.bucket.name, folder_path=str(self.bucket)
        )
        self.integration = registered["id"]
        added = self.client.add_cloud_storage_connection(self.project, self.integration)
        self.connection = added["id"]
        self._step(
            "connect",
            f"Made project {self.project}, integration {self.integration} and connection {self.connection}.",
        )

    def first_synchronization(self) -> None:
        """Look first, then import."""
        dry = self._synchronize(dry_run=True)
        self._equal("assets after a dry run", self.client.count_assets(self.project), 0)
        self._step("dry run", f"Dry run: {count(dry.found['added'], 'object')} to add; nothing is done yet.")
        for warning in self.client.warnings(self.connection):
            self._say(f"   ({warning['text']})")
        done = self._synchronize()
        self._equal("added assets", done.added, dry.found["added"])
        self._equal("assets", self.client.count_assets(self.project), done.added)
        self._step("sync", f"Synchronized: the project has {count(done.number_of_assets, 'asset')}.", done)

    def change(self) -> None:
        """Add, replace and delete objects, as life does to buckets."""
        there = list(pictures.names())
        self.deleted = there[3 :: len(there) // DELETED][:DELETED]
        replaced = there[1 :: len(there) // REPLACED][:REPLACED]
        self.ids = self._ids(self.deleted)
        for key in self.deleted:
            (self.bucket / key).unlink()
        for key in replaced:
            pictures.paint(self.bucket, key, version=2)
        for index in range(1, ADDED + 1):
            pictures.paint(self.bucket, f"hills/2026/summer/{index:03}.png")
        self._equal("objects in the bucket", self._objects(), len(there) + ADDED - DELETED)
        self._step("change", f"In the bucket, added {ADDED} pictures, replaced {REPLACED} and deleted {DELETED}.")

    def second_synchronization(self) -> None:
        """Show the differences, then apply all of them."""
        before = self.client.count_assets(self.project)
        found = self.client.compute_differences(self.connection)
        self._equal("objects to add", found["added"], ADDED)
        self._equal("assets to remove", found["removed"], DELETED)
        self._equal("changed assets", found["changed"], REPLACED)
        self._step("diff", "Found exactly that:")
        if not self.state.as_json:
            rows = by_folder(found, self.client.difference_folders(self.connection))
            self.state.table(("folder", "add", "remove", "changed"), rows)
        done = self._synchronize(delete=True)
        after = self.client.count_assets(self.project)
        self._equal("assets", after, before + ADDED - DELETED)
        self._equal("assets", after, self._objects())
        self._step(
            "sync with deletion",
            f"Synchronized with deletion: {done.added} added, {done.changed} renewed, "
            f"{done.removed} removed; {count(after, 'asset')}.",
            done,
        )

    def undo(self) -> None:
        """Bring back what was removed."""
        before = self.client.count_assets(self.project)
        removal = next(run for run in self.client.runs(self.connection) if run["types"] == ["REMOVE"])
        undoing = self.client.undo(removal["id"])
        after = self.client.count_assets(self.project)
        self._equal("assets that came back", undoing["summary"]["added"], DELETED)
        self._equal("assets", after, before + DELETED)
        if self._ids(self.deleted) != self.ids:
            raise BucketlinkError("The demo went wrong: assets that came back are not the same ones.")
        self._step(
            "undo",
            f"Undid the removal: {DELETED} assets came back with their ids; {count(after, 'asset')}.",
        )

    def again(self) -> None:
        """Synchronize again, which has nothing to do unless the folder changed meanwhile."""
        done = self._synchronize()
        differences = done.found["total"] + done.found["changed"]
        found = f"{count(differences, 'difference')}" if differences else "nothing to do"
        self._step("sync again", f"Synchronized again: {found}.", done)

    def farewell(self, *, is_sample: bool) -> None:
        """Tell where everything is, and what to try next."""
        took = time.monotonic() - self.began
        if self.state.as_json:
            self.state.emit(
                {
                    "dataDir": str(self.data_dir),
                    "bucket": str(self.bucket),
                    "projectId": self.project,
                    "integrationId": self.integration,
                    "connectionId": self.connection,
                    "steps": self.steps,
                    "seconds": round(took, 3),
                }
            )
            return
        program = _program()
        self._say(
            "",
            f"Done in {took:.1f} s. All of it is kept; go on with it:",
            "",
            f"  export BUCKETLINK_DATA_DIR={shlex.quote(str(self.data_dir))}",
            f"  {program} diff {self.connection}",
            f"  {program} sync {self.connection} --delete-extraneous-files",
            f"  {program} runs {self.connection}",
            f"  {program} serve",
            *([f"  {program} demo --from ~/Pictures"] if is_sample else []),
        )

    def _synchronize(self, *, delete: bool = False, dry_run: bool = False) -> "Outcome":
        from bucketlink.client.connections.synchronize import synchronize  # noqa: PLC0415 - slow to load

        with self.state.waiting() as observe:
            return synchronize(
                self.client.wire,
                self.connection,
                delete_extraneous_files=delete,
                dry_run=dry_run,
                observe=observe,
            )

    def _objects(self) -> int:
        return sum(path.is_file() for path in self.bucket.rglob("*"))

    def _ids(self, keys: list[str]) -> dict[str, str]:
        rows = self.client.assets(
            self.project, external_id_strictly_in=keys, fields=("id", "externalId"), disable_tqdm=True
        )
        return {row["externalId"]: row["id"] for row in rows}

    def _equal(self, what: str, actual: int, expected: int) -> None:
        if actual != expected:
            raise BucketlinkError(f"The demo went wrong: {what} should be {expected:,}, but are {actual:,}.")

    def _step(self, name: str, sentence: str, outcome: "Outcome | None" = None) -> None:
        counts = {} if outcome is None else _counts(outcome)
        self.steps.append({"step": name, "result": sentence, **counts})
        self._say(f"{len(self.steps)}. {sentence}")

    def _say(self, *lines: str) -> None:
        if not self.state.as_json:
            for line in lines:
                click.echo(safe(line))


def _counts(outcome: "Outcome") -> dict[str, int]:
    return {
        "added": outcome.added,
        "removed": outcome.removed,
        "changed": outcome.changed,
        "numberOfAssets": outcome.number_of_assets,
    }


def _program() -> str:
    """Name this program as it can be called from here."""
    called = Path(sys.argv[0])
    on_path = shutil.which("bucketlink")
    if called.name != "bucketlink" or (on_path and Path(on_path).resolve() == called.resolve()):
        return "bucketlink"
    whole = called.resolve()
    near = whole.relative_to(Path.cwd()) if whole.is_relative_to(Path.cwd()) else whole
    return shlex.quote(str(near))

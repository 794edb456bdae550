"""Computing differences: bucket → march → store, a range of keys after the other, each behind its cursor.

Every step is one transaction that writes what it found together with the cursor it has come to. The result is shown
only when every range is done and nothing that decides it has changed meanwhile.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Callable
from contextlib import closing, nullcontext
from dataclasses import dataclass

from sqlalchemy import Connection as Transaction

from bucketlink.buckets import BucketReader, open_integration
from bucketlink.buckets.columns import cut
from bucketlink.buckets.order import Disorder
from bucketlink.buckets.packed import NOTHING, PackedPage
from bucketlink.buckets.protocol import PageReader
from bucketlink.errors import BucketError
from bucketlink.home import Home
from bucketlink.model import Connection, Credentials, Integration, Project
from bucketlink.notices import Notice
from bucketlink.spans import Page, Scan
from bucketlink.store import assets as asset_store
from bucketlink.store import (
    connections,
    contents,
    differences,
    integrations,
    landmarks,
    projects,
    ranges,
    runs,
    takeover,
)
from bucketlink.store.database import now
from bucketlink.store.ranges import RangeClaim
from bucketlink.store.runs import Claim
from bucketlink.sync.contents import ContentTypes
from bucketlink.sync.firsts import Firsts
from bucketlink.sync.found import find
from bucketlink.sync.march import AssetColumns, Marcher, Step
from bucketlink.sync.pacing import Pace
from bucketlink.sync.pages import bounded, gathered
from bucketlink.sync.same import SAME_KEYS, Same
from bucketlink.sync.selection import Selector
from bucketlink.sync.sent import SentReader
from bucketlink.sync.stream import Stream, scope_of
from bucketlink.sync.watch import Watch, unseen

OLDEST_PROGRESS = 3600 * 1000
"""Milliseconds after which the listing of an earlier attempt is too old to go on with."""

MOST_KEYS = 10_000
"""Keys of the listing, and assets, that one transaction compares, however quick it is: they take memory."""


@dataclass(frozen=True)
class _Subject:
    """Everything that decides what a computation finds."""

    connection: Connection
    project: Project
    integration: Integration
    credentials: Credentials
    selector: Selector

    @property
    def selection_digest(self) -> bytes:
        return self.selector.digest(self.project.input_type)

    @property
    def fingerprint(self) -> bytes:
        decided_by = (self.integration.address, self.integration.revision)
        return hashlib.sha256(self.selection_digest + repr(decided_by).encode()).digest()

    @classmethod
    def load(cls, home: Home, tx: Transaction, claim: Claim) -> "_Subject":
        run = claim.run
        assert run.connection_id is not None  # noqa: S101 - every computation is of a connection
        connection = connections.get(tx, run.organization_id, run.connection_id)
        integration = integrations.get(tx, run.organization_id, connection.integration_id)
        return cls(
            connection,
            projects.get(tx, run.organization_id, connection.project_id),
            integration,
            integrations.credentials(tx, home.sealer, integration),
            Selector(connection.selection, integration.restriction),
        )


def compute(home: Home, claim: Claim) -> None:
    """Compute and publish the differences of the claimed run's connection.

    Raises BucketError if the listing fails anywhere: what was shown before stays. Raises Fenced if the run is lost.
    """
    with home.database.read() as tx:
        published = differences.is_published(tx, claim)
    if not published:
        _compute_and_publish(home, claim)
    pace = Pace(home.database)
    taken = 1
    while taken:
        with pace.write() as tx:
            taken = takeover.take_over_some(tx, claim, pace.rows)


def _compute_and_publish(home: Home, claim: Claim) -> None:
    needs_spooling = False
    while True:
        with home.database.write() as tx:
            subject = _Subject.load(home, tx, claim)
            runs.read(tx, claim, subject.integration.revision)
        try:
            with closing(_open(home, claim, subject)) as reader:
                computation = _Computation(home, claim, subject, reader)
                computation.prepare(spooled=needs_spooling)
                computation.walk()
        except Disorder:
            needs_spooling = True
            with home.database.write() as tx:
                ranges.discard(tx, claim)
            continue
        with home.database.write() as tx:
            current = _Subject.load(home, tx, claim)
            seen_here = not current.integration.access.client_lists
            notices = unseen(current.selector, ranges.sights(tx, claim)) if seen_here else []
            if differences.publish(tx, claim, fingerprint=current.fingerprint, notices=notices):
                return


def _open(home: Home, claim: Claim, subject: _Subject) -> BucketReader:
    if subject.integration.access.client_lists:
        if now() - claim.run.created_at > OLDEST_PROGRESS:
            raise BucketError("What was listed and sent is more than an hour old: list the container again.")
        return SentReader(home.database, claim.run.id)
    return open_integration(subject.integration, subject.credentials, home.settings)


class _Computation:
    def __init__(self, home: Home, claim: Claim, subject: _Subject, reader: BucketReader) -> None:
        self._home = home
        self._claim = claim
        self._subject = subject
        self._reader = reader
        self._contents = ContentTypes(subject.project.input_type, reader.content_type)
        self._pace = Pace(home.database)
        self._same = Same()
        self._watch = Watch(subject.selector)

    def prepare(self, *, spooled: bool) -> None:
        """Go on with an earlier attempt's ranges, or cut the key space anew."""
        claim, database = self._claim, self._home.database
        fingerprint = self._subject.fingerprint
        with database.read() as tx:
            earlier = ranges.progress(tx, claim)
        recent = earlier.stepped_at is not None and now() - earlier.stepped_at <= OLDEST_PROGRESS
        if earlier.fingerprint == fingerprint and recent:
            return
        with database.write() as tx:
            ranges.discard(tx, claim)
        deleted = 1
        while deleted:
            with self._pace.write() as tx:
                runs.hold(tx, claim)
                deleted = differences.delete_some(tx, claim.run.id, self._pace.rows)
        with database.write() as tx:
            ranges.begin(
                tx,
                claim,
                self._subject.selector.spans(),
                fingerprint=fingerprint,
                selection_digest=self._subject.selection_digest,
                revision=self._subject.integration.revision,
                spooled=spooled,
                notices=[*self._subject.selector.notices(), *self._said()],
            )

    def _said(self) -> list[Notice]:
        """What a client said that listed the bucket itself."""
        return self._reader.notices() if isinstance(self._reader, SentReader) else []

    def walk(self) -> None:
        """Take every range that is not done, to its end."""
        firsts = self._firsts()
        with nullcontext() if firsts is None else closing(firsts):
            while True:
                with self._home.database.write() as tx:
                    range_ = ranges.claim(tx, self._claim)
                if range_ is None:
                    return
                cursor = range_.cursor
                self._watch.begin(range_)
                if range_.span.scan is not Scan.NOTHING:
                    cursor = self._list(range_, firsts)
                self._compare(range_, cursor, NOTHING, through=None)

    def _firsts(self) -> Firsts | None:
        if not isinstance(self._reader, PageReader):
            return None
        with self._home.database.read() as tx:
            spans = ranges.untouched(tx, self._claim)
        return Firsts(self._reader, [scope_of(span) for span in spans if span.scan is not Scan.NOTHING])

    def _list(self, range_: RangeClaim, firsts: Firsts | None) -> str | None:
        """Take what the listing shows of a range; returns the last key, behind which there are only assets."""
        cursor = range_.cursor
        subject = self._subject
        stream = Stream(self._home, subject.integration, subject.credentials, self._reader, range_, firsts)
        with closing(stream.pages()) as pages:
            for page in gathered(bounded(pages, range_.span, cursor), self._step_keys):
                self._watch.see(page, range_)
                if page.count and not self._is_same(range_, cursor, page):
                    self._compare(range_, cursor, page, through=page.last)
                elif page.left_out or self._same.is_due:
                    self._note(range_, page.last or cursor)
                cursor = page.last or cursor
        found = stream.landmarks()
        if found is not None:
            with self._home.database.write() as tx:
                landmarks.keep(tx, subject.integration.id, range_.span.prefix, found)
        return cursor

    def _step_keys(self) -> int:
        return SAME_KEYS if self._same.is_likely else min(self._pace.rows, MOST_KEYS)

    def _is_same(self, range_: RangeClaim, cursor: str | None, page: PackedPage) -> bool:
        """Whether a page and the assets of its stretch are the same; then nothing is written but, later, the cursor."""
        subject = self._subject
        project_id, integration_id = subject.project.id, subject.integration.id
        if not self._same.is_likely:
            self._same.pass_over()
            return False
        with self._home.database.read() as tx:
            is_same = connections.is_clean(tx, subject.connection.id, subject.selection_digest) and asset_store.agree(
                tx,
                project_id,
                integration_id,
                page,
                start=range_.span.start,
                after=cursor,
                owners=connections.sharing(tx, project_id, integration_id),
            )
        self._same.note(page.count, is_same=is_same)
        return is_same

    def _compare(self, range_: RangeClaim, cursor: str | None, packed: PackedPage, *, through: str | None) -> None:
        """Compare a page with the assets behind the cursor, through a key or, for None, to the end of the range.

        Each step takes so many rows at most, and writes what differs together with the key that it has come to.
        """
        page = packed.page()
        self._contents.forget()
        selects = self._subject.selector.asked_of(page.keys)
        while True:
            most = min(self._pace.rows, MOST_KEYS)
            part = cut(page, 0, most) if len(page) > most else page
            upto = through if part is page else part.keys[-1]
            with self._pace.write() as tx:
                marcher, assets = self._read(tx, range_, cursor, upto, selects, most)
                is_last = len(assets) < most
                reached = upto if is_last else assets.keys[-1]
                if reached is not None and not is_last:
                    part = cut(part, 0, bisect_right(part.keys, reached))
                step = marcher.compare(part, assets)
                asked = self._contents.asked(part, step.added)
                if asked:
                    kept = contents.known(tx, self._subject.integration.id, asked)
                else:
                    self._write(tx, part, assets, step)
                    contents.keep(tx, self._subject.integration.id, self._contents.take_answers())
                    self._advance(tx, range_, reached, done=is_last and upto is None)
            if asked:
                # Asking takes its time, so it is done between two transactions, and what was seen is looked at again.
                self._contents.find_out(asked, kept)
                continue
            if is_last and len(part) == len(page):
                return
            cursor, page = reached, cut(page, len(part), len(page))

    def _read(
        self,
        tx: Transaction,
        range_: RangeClaim,
        cursor: str | None,
        through: str | None,
        selects: Callable[[str], bool],
        most: int,
    ) -> tuple[Marcher, AssetColumns]:
        subject = self._subject
        project_id, integration_id = subject.project.id, subject.integration.id
        projects.lock(tx, project_id)
        assets = asset_store.stretch(
            tx,
            project_id,
            integration_id,
            start=range_.span.start,
            after=cursor,
            through=through,
            stop=range_.span.stop,
            limit=most,
        )
        marcher = Marcher(
            subject.connection.id,
            connections.sharing(tx, project_id, integration_id),
            selects,
            connections.is_clean(tx, subject.connection.id, subject.selection_digest),
        )
        return marcher, assets

    def _write(self, tx: Transaction, page: Page, assets: AssetColumns, step: Step) -> None:
        found = find(page, assets, step, self._contents, self._subject.project.input_type)
        runs.hold(tx, self._claim, objects=len(page) + self._same.take(), done=found.counts)
        runs.note(tx, self._claim, outside=step.outside, notices=found.notices)
        differences.write(tx, self._claim.run.id, found.batches)

    def _note(self, range_: RangeClaim, cursor: str | None) -> None:
        """Write down how far the listing is, where nothing differs."""
        with self._home.database.write() as tx:
            runs.hold(tx, self._claim, objects=self._same.take())
            self._advance(tx, range_, cursor, done=False)

    def _advance(self, tx: Transaction, range_: RangeClaim, cursor: str | None, *, done: bool) -> None:
        sight, notices = self._watch.take(None if done else cursor or "")
        runs.note(tx, self._claim, notices=notices)
        ranges.advance(tx, range_, cursor=cursor, sight=sight, done=done)

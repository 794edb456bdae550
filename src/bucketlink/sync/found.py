"""What a step of the march found, made ready to be written: columns for each type of difference."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import compress

from bucketlink.model import DifferenceType, InputType, Summary
from bucketlink.notices import Kind, Notice, counted
from bucketlink.spans import Page
from bucketlink.store.differences import Batch
from bucketlink.sync import media
from bucketlink.sync.contents import ContentTypes
from bucketlink.sync.march import AssetColumns, Step, at

_EPOCH = datetime.fromtimestamp(0, UTC)
_DAY = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Found:
    """Differences of one step: ``batches`` to write, ``counts`` of what is shown, ``notices`` of what is left out."""

    batches: list[Batch]
    counts: Summary
    notices: list[Notice]


def find(page: Page, assets: AssetColumns, step: Step, contents: ContentTypes, input_type: InputType) -> Found:
    """The differences of a step whose content types need not be asked for any more."""
    added, content_types, notices = _accepted(page, step.added, contents, input_type)
    changed = [here for here, _ in step.changed]
    batches = [
        _of_objects(DifferenceType.ADD, page, added, content_types),
        _of_assets(DifferenceType.REMOVE, assets, step.removed),
        _of_assets(DifferenceType.ADOPT, assets, step.adopted),
        _of_objects(
            DifferenceType.CHANGED,
            page,
            changed,
            at(page.content_types, changed),
            [assets.ids[there] for _, there in step.changed],
        ),
        _of_objects(DifferenceType.LEARN, page, step.learned, at(page.content_types, step.learned)),
    ]
    counts = Summary(len(added), len(step.removed), len(changed))
    return Found([batch for batch in batches if batch.keys], counts, notices)


def _accepted(
    page: Page, positions: Sequence[int], contents: ContentTypes, input_type: InputType
) -> tuple[Sequence[int], list[str | None], list[Notice]]:
    """Of these positions those that a project of this input type takes, their content types, and what to tell."""
    told = contents.of(page, positions)
    refused = {one for one in set(told) if one is None or not media.accepts(input_type, one)}
    if not refused:
        return positions, told, []
    taken = [content_type not in refused for content_type in told]
    left_out = [place for place, content_type in enumerate(told) if content_type in refused]
    untold = [page.keys[positions[place]] for place in left_out if told[place] is None]
    others = [page.keys[positions[place]] for place in left_out if told[place] is not None]
    notices = [*counted(Kind.NO_CONTENT_TYPE, untold), *counted(Kind.OTHER_CONTENT_TYPE, others)]
    return list(compress(positions, taken)), list(compress(told, taken)), notices


def _of_assets(type_: DifferenceType, assets: AssetColumns, positions: Sequence[int]) -> Batch:
    return Batch(
        type_,
        at(assets.keys, positions),
        at(assets.sizes, positions),
        at(assets.etags, positions),
        asset_ids=at(assets.ids, positions),
    )


def _of_objects(
    type_: DifferenceType,
    page: Page,
    positions: Sequence[int],
    content_types: Sequence[str | None] | None,
    asset_ids: Sequence[int] | None = None,
) -> Batch:
    modified = at(page.modified, positions)
    return Batch(
        type_,
        at(page.keys, positions),
        at(page.sizes, positions),
        at(page.etags, positions),
        None if modified is None else moments(modified),
        content_types,
        at(page.archived, positions),
        asset_ids,
    )


def moments(texts: Sequence[str]) -> Sequence[int | None]:
    """Milliseconds since 1970 of ISO 8601 or HTTP dates; None for what is neither."""
    try:
        return _milliseconds(map(datetime.fromisoformat, texts))
    except (ValueError, TypeError):
        # Not all alike: some empty, HTTP dates, times without a zone.
        known = {text: _moment(text) for text in set(texts)}
        return [known[text] for text in texts]


def _moment(text: str) -> int | None:
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        with suppress(ValueError):
            moment = parse(text)
            return _milliseconds([moment if moment.tzinfo else moment.replace(tzinfo=UTC)])[0]
    # What a server says in no form that is known is as unknown as what it does not say.
    return None


def _milliseconds(moments: Iterable[datetime]) -> list[int]:
    # Its parts are quicker to have than a timedelta is to divide.
    since_epoch = [moment - _EPOCH for moment in moments]
    return [since.days * _DAY + since.seconds * 1000 + since.microseconds // 1000 for since in since_epoch]

"""Content types of the objects of one page after the other: what is told, what a name says, what has to be asked."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bucketlink.errors import BucketRefused
from bucketlink.model import InputType
from bucketlink.spans import Page
from bucketlink.sync import media
from bucketlink.sync.march import at

ASKED_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class _Answer:
    content_type: str | None
    is_final: bool


class ContentTypes:
    """Content types for a project of one input type.

    An object that neither the listing nor its key's extension tells of is asked for by one request, and only if it
    would become an asset.
    """

    def __init__(self, input_type: InputType, ask: Callable[[str], str | None]) -> None:
        self._input_type = input_type
        self._ask = ask
        self._found: dict[str, str | None] = {}
        self._answers: list[tuple[str, str, str | None]] = []
        # What is told of a page is first asked for and then, mostly of the same positions, taken.
        self._last: tuple[Page, Sequence[int], list[str | None]] | None = None

    def forget(self) -> None:
        """Forget what was found of earlier pages."""
        self._found.clear()
        self._last = None

    def asked(self, page: Page, positions: Sequence[int]) -> dict[str, str]:
        """Keys, with etags, of the objects at these positions whose content type is still to be found out."""
        told = self._told(page, positions)
        if None not in told:
            return {}
        return {
            page.keys[position]: page.etags[position]
            for position, one in zip(positions, told, strict=True)
            if one is None and page.keys[position] not in self._found
        }

    def find_out(self, asked: Mapping[str, str], kept: Mapping[str, str | None]) -> None:
        """Take what was kept of earlier requests, and ask for the rest."""
        self._found.update(kept)
        missing = [key for key in asked if key not in kept]
        if not missing:
            return
        with ThreadPoolExecutor(min(ASKED_AT_ONCE, len(missing))) as pool:
            for key, answer in zip(missing, pool.map(self._answer, missing), strict=True):
                self._found[key] = answer.content_type
                if answer.is_final and asked[key]:
                    self._answers.append((key, asked[key], answer.content_type))

    def _answer(self, key: str) -> _Answer:
        try:
            return _Answer(self._ask(key), is_final=True)
        except BucketRefused:
            # Counts as a content type that is missing, for as long as the credentials do not suffice.
            return _Answer(None, is_final=False)

    def of(self, page: Page, positions: Sequence[int]) -> list[str | None]:
        """Content types of the objects at these positions, none to be asked for any more; None where it has none."""
        told = self._told(page, positions)
        if all(told):
            return told
        return [one or self._found.get(key) for key, one in zip(at(page.keys, positions), told, strict=True)]

    def take_answers(self) -> list[tuple[str, str, str | None]]:
        """New answers to keep: key, etag, content type. Each is given once."""
        answers, self._answers = self._answers, []
        return answers

    def _told(self, page: Page, positions: Sequence[int]) -> list[str | None]:
        if self._last is None or self._last[0] is not page or self._last[1] is not positions:
            told = None if page.content_types is None else at(page.content_types, positions)
            self._last = page, positions, media.of_objects(told, at(page.keys, positions))
        return self._last[2]

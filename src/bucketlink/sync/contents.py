"""Content types of the objects of one page after the other: what is told, what a name says, what has to be asked."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bucketlink.errors import BucketRefused
from bucketlink.model import InputType, Page
from bucketlink.sync import media

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

    def forget(self) -> None:
        """Forget what was found of earlier pages."""
        self._found.clear()

    def asked(self, page: Page, positions: Sequence[int]) -> dict[str, str]:
        """Keys, with etags, of the objects at these positions whose content type is still to be found out."""
        return {
            page.keys[at]: page.etags[at]
            for at in positions
            if self._told(page, at) is None and page.keys[at] not in self._found
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

    def of(self, page: Page, position: int) -> str | None:
        """The content type of an object that need not be asked for any more; None if it has none."""
        return self._told(page, position) or self._found.get(page.keys[position])

    def take_answers(self) -> list[tuple[str, str, str | None]]:
        """New answers to keep: key, etag, content type. Each is given once."""
        answers, self._answers = self._answers, []
        return answers

    def _told(self, page: Page, position: int) -> str | None:
        told = page.content_types[position] if page.content_types is not None else None
        return media.of_object(told, page.keys[position])

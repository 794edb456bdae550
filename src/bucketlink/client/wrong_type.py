"""Arguments of another type: how they are told, and their error, both of typeguard, which takes its time to load."""

from typing import Any

from typeguard import CollectionCheckStrategy, TypeCheckError, check_type

from bucketlink.errors import BucketlinkError


class WrongArgumentType(BucketlinkError, TypeError, TypeCheckError):
    """An argument has another type than the method takes, or there is one too many or too few.

    It is both a ``TypeError`` and a ``typeguard.TypeCheckError``, as scripts written for either expect.
    """

    code = "WRONG_TYPE"

    def __init__(self, message: str) -> None:
        TypeCheckError.__init__(self, message)


def is_of(value: object, expected: Any) -> bool:  # noqa: ANN401 - whatever stands in an annotation
    """Whether a value has a type, every element of a collection included."""
    try:
        check_type(value, expected, collection_check_strategy=CollectionCheckStrategy.ALL_ITEMS)
    except TypeCheckError:
        return False
    return True

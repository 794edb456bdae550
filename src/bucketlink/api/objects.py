"""Bytes of objects, for a client in the same process, which no URL need lead anywhere."""

from bucketlink.api.application import Application
from bucketlink.api.content import open_asset
from bucketlink.ids import Noun
from bucketlink.model import Caller


def read_object(application: Application, caller: Caller, project_id: str, asset_id: str, most: int) -> bytes:
    """The first bytes of an asset's object, at most so many.

    Raises:
        NotFound: there is no such asset, or no such object any more.
        NotAllowed: the object is not to be read.
        BucketError: the bucket cannot be read.

    """
    project, asset = Noun.PROJECT.number(project_id), Noun.ASSET.number(asset_id)
    opened = open_asset(
        application.home, application.readers, caller.organization_id, project, asset, last=max(most - 1, 0)
    )
    try:
        read = bytearray()
        for part in opened.content.parts:
            read += part
            if len(read) >= most:
                break
        return bytes(read[:most])
    finally:
        opened.content.close()

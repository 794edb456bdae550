"""Resolvers of the subscriptions."""

from collections.abc import AsyncGenerator

import anyio

from bucketlink.api.binding import Fields
from bucketlink.api.context import Info, context
from bucketlink.ids import Noun
from bucketlink.store import projects

subscription = Fields("Subscription")


@subscription.source("labelCreatedOrUpdated")
async def resolve_labels(_: object, info: Info, projectID: str) -> AsyncGenerator[None]:  # noqa: N803 - the wire's name
    """Labels of a project as they are made, which is never; raises NotFound where there is no such project."""
    asked = context(info)
    number = Noun.PROJECT.number(projectID)
    await anyio.to_thread.run_sync(asked.read, lambda tx: projects.get(tx, asked.caller.organization_id, number))
    return _silence()


async def _silence() -> AsyncGenerator[None]:
    await anyio.sleep_forever()
    yield

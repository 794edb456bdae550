"""boto3's paginator; to compare, the keys in a Python set."""

import importlib
from collections.abc import Iterator
from typing import Any

from tests.bench.peers.task import Clock, Found, given

boto3: Any = importlib.import_module("boto3")


def pages() -> Iterator[list[dict[str, Any]]]:
    """The objects of each page."""
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=task.bucket):
        yield page.get("Contents", [])


task = given()
client = boto3.client(
    "s3",
    endpoint_url=task.endpoint,
    region_name="us-east-1",
    aws_access_key_id="benchmark",
    aws_secret_access_key="benchmark",
)
if task.name == "list":
    with Clock() as clock:
        found = Found(sum(map(len, pages())))
else:
    known = task.known()
    with Clock() as clock:
        listed = {row["Key"] for rows in pages() for row in rows}
        added, removed = listed - known, known - listed
    found = Found(len(listed), len(added), len(removed))
task.answer(clock, boto3.__version__, found)

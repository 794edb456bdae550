"""Google's own library: ``list_blobs``, asked for no more than is needed, in the largest pages."""

import importlib
from typing import Any

from tests.bench.peers.task import Clock, Found, given

storage: Any = importlib.import_module("google.cloud.storage")
credentials: Any = importlib.import_module("google.auth.credentials")

FIELDS = "items(name,size,generation),nextPageToken"
PAGE = 5000

task = given()
client = storage.Client(
    project="benchmark",
    credentials=credentials.AnonymousCredentials(),
    client_options={"api_endpoint": task.endpoint},
)
with Clock() as clock:
    found = Found(sum(1 for _ in client.list_blobs(task.bucket, fields=FIELDS, page_size=PAGE)))
task.answer(clock, storage.__version__, found)

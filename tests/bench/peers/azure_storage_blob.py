"""Azure's own library: ``list_blobs``, in the largest pages."""

import importlib
from typing import Any

from tests.bench.peers.task import Clock, Found, given

blob: Any = importlib.import_module("azure.storage.blob")

PAGE = 5000

task = given()
client = blob.ContainerClient(task.endpoint, task.bucket)
with Clock() as clock:
    found = Found(sum(1 for _ in client.list_blobs(results_per_page=PAGE)))
task.answer(clock, blob.__version__, found)

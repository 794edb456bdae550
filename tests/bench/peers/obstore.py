"""obstore, by Arrow batches, which is its fastest way."""

import importlib
import json
from typing import Any

from tests.bench.peers.task import Clock, Found, Task, given

obstore: Any = importlib.import_module("obstore")
store: Any = importlib.import_module("obstore.store")

CHUNK = 10_000
OPTIONS = {"allow_http": True}


def opened(task: Task) -> Any:  # noqa: ANN401 - obstore is not there where types are checked
    """The bucket. Google's is listed by its XML API."""
    if task.platform == "s3":
        keys = {"access_key_id": "benchmark", "secret_access_key": "benchmark"}
        return store.S3Store(task.bucket, endpoint=task.endpoint, region="us-east-1", client_options=OPTIONS, **keys)
    if task.platform == "gcs":
        account = {"gcs_base_url": task.endpoint, "disable_oauth": True}
        account |= dict.fromkeys(("client_email", "private_key", "private_key_id"), "")
        return store.GCSStore(
            task.bucket, service_account_key=json.dumps(account), skip_signature=True, client_options=OPTIONS
        )
    account_name = task.endpoint.rpartition("/")[2]
    return store.AzureStore(
        task.bucket, account_name=account_name, endpoint=task.endpoint, skip_signature=True, client_options=OPTIONS
    )


task = given()
bucket = opened(task)
with Clock() as clock:
    found = Found(sum(chunk.num_rows for chunk in obstore.list(bucket, chunk_size=CHUNK, return_arrow=True)))
task.answer(clock, obstore.__version__, found)

"""DataChain: a bucket listed and saved as a dataset, in a database below ``DATACHAIN_ROOT_DIR``."""

import importlib
from typing import Any

from tests.bench.peers.task import Clock, Found, given

if __name__ == "__main__":  # its helper processes may import this again
    datachain: Any = importlib.import_module("datachain")
    task = given()
    config = {
        "endpoint_url": task.endpoint,
        "aws_key": "benchmark",
        "aws_secret": "benchmark",
        "version_aware": False,  # the bucket keeps none
    }
    with Clock() as clock:
        saved = datachain.read_storage(f"s3://{task.bucket}/", client_config=config).save("benchmark")
    task.answer(clock, datachain.__version__, Found(saved.count()))

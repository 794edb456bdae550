"""Memory does not grow with the bucket."""

import os
from pathlib import Path

import pytest

from bucketlink import Client
from tests.faults.processes import peak_memory, workers
from tests.servers.pages import PageProcess

FEW, MANY = 60_000, 240_000
SHARE = 1.2


def peak_of_a_synchronization(directory: Path, objects: int) -> int:
    """Peak memory, in KiB, of the process that does a first synchronization, and then one that finds nothing."""
    with PageProcess(objects) as pages, Client.embedded(directory) as client:
        project = client.create_project("Bears", input_type="IMAGE")["id"]
        integration = client.create_cloud_storage_integration(
            "CustomS3", "pages", s3_bucket_name="bucket", s3_endpoint=pages.endpoint
        )["id"]
        connection = client.add_cloud_storage_connection(project, integration)["id"]
        for _ in range(2):
            result = client.synchronize_cloud_storage_connection(connection)
            assert result["numberOfAssets"] == objects
        (worker,) = workers(os.getpid(), directory)
        return peak_memory(worker)


def test_four_times_the_objects_take_no_more_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS", "true")
    few = peak_of_a_synchronization(tmp_path / "few", FEW)
    many = peak_of_a_synchronization(tmp_path / "many", MANY)
    assert many < SHARE * few, f"{few} KiB at {FEW} objects, {many} KiB at {MANY}"

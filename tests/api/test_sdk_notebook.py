"""The SDK in a notebook: a real kernel, whose cells show what a person would see."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from tests.api.server import wait_until
from tests.servers.pages import Faults, PageServer

SECONDS = 60.0
OBJECTS = 15_000


class Notebook:
    """Runs cells; what each shows is a list of its outputs by MIME type, of streams by name, and of errors by kind."""

    def __init__(self, manager: KernelManager, kernel: BlockingKernelClient) -> None:
        self._manager = manager
        self._kernel = kernel

    def __call__(self, cell: str) -> list[dict[str, Any]]:
        return self.end(self.begin(cell))

    def begin(self, cell: str) -> str:
        """Run a cell without waiting; answers what `end` takes."""
        return str(self._kernel.execute(cell))

    def interrupt(self) -> None:
        """Press the button that stops a cell."""
        self._manager.interrupt_kernel()

    def end(self, sent: str) -> list[dict[str, Any]]:
        """Wait for a cell; answers what it shows."""
        shown: list[dict[str, Any]] = []
        while True:
            message = self._kernel.get_iopub_msg(timeout=SECONDS)
            if message["parent_header"].get("msg_id") != sent:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "error":
                shown.append({content["ename"]: content["evalue"]})
            if kind in {"execute_result", "display_data"}:
                shown.append(content["data"])
            if kind == "stream":
                shown.append({content["name"]: content["text"]})
            if kind == "status" and content["execution_state"] == "idle":
                return shown


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    kernel = manager.client()
    kernel.start_channels()
    try:
        kernel.wait_for_ready(timeout=SECONDS)
        yield Notebook(manager, kernel)
    finally:
        kernel.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
        manager.context.term()


def test_a_notebook_shows_tables_and_bars_and_nothing_else(notebook: Notebook, tmp_path: Path) -> None:
    bucket = tmp_path / "bucket"
    bucket.mkdir()
    (bucket / "<b>1.jpg").write_bytes(b"1")
    opened = f"""
from bucketlink import Client, Rows
client = Client.embedded({str(tmp_path / "data")!r}, folder_roots=[{str(bucket)!r}])
project = client.create_project("Bears & foxes", input_type="IMAGE")["id"]
integration = client.create_cloud_storage_integration("Folder", "bears", folder_path={str(bucket)!r})["id"]
connection = client.add_cloud_storage_connection(project, integration)["id"]
"""
    assert notebook(opened) == []

    [projects] = [shown for shown in notebook("client.projects(fields=['id', 'title'])") if "text/html" in shown]
    assert "<th>id</th><th>title</th>" in projects["text/html"]
    assert "<td>Bears &amp; foxes</td>" in projects["text/html"]
    assert projects["text/plain"] == "[{'id': 'prj1', 'title': 'Bears & foxes'}]"

    synchronizing = notebook("client.synchronize_cloud_storage_connection(connection)")
    assert [shown["text/plain"] for shown in synchronizing if "text/plain" in shown][-1] == (
        "{'id': 'con1', 'numberOfAssets': 1, 'projectId': 'prj1'}"
    )
    assert any("application/vnd.jupyter.widget-view+json" in shown for shown in synchronizing)
    assert not any(shown.keys() & {"stdout", "stderr"} for shown in synchronizing)

    quiet = notebook("client.synchronize_cloud_storage_connection(connection, progress=False)")
    assert [shown.keys() for shown in quiet] == [{"text/plain"}]

    listed = notebook("Rows(client.runs(connection))") + notebook("client.assets(project, fields=('externalId',))")
    assert ["<td>APPLY</td>" in shown["text/html"] for shown in listed if "text/html" in shown] == [True, False]
    assert "<td>&lt;b&gt;1.jpg</td>" in str(listed)
    assert notebook("client.close()") == []


def test_a_cell_that_is_stopped_leaves_a_client_that_goes_on(notebook: Notebook, tmp_path: Path) -> None:
    with PageServer((f"{n:06}.jpg" for n in range(OBJECTS)), faults=Faults(latency=0.3)) as bucket:
        assert (
            notebook(f"""
import os
os.environ["BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS"] = "true"
from bucketlink import Client
client = Client.embedded({str(tmp_path / "data")!r})
project = client.create_project("Bears", input_type="IMAGE")["id"]
integration = client.create_cloud_storage_integration(
    "CustomS3", "pages", s3_bucket_name="bucket", s3_endpoint={bucket.endpoint!r}
)["id"]
connection = client.add_cloud_storage_connection(project, integration)["id"]
""")
            == []
        )
        listed = bucket.counts["LIST"]
        cell = notebook.begin("client.synchronize_cloud_storage_connection(connection)")
        wait_until(lambda: bucket.counts["LIST"] > listed + 2)
        notebook.interrupt()
        shown = notebook.end(cell)
        assert {"KeyboardInterrupt": ""} in shown
        assert not any(one.keys() & {"stdout", "stderr"} for one in shown)
        bucket.faults = Faults()
        done = notebook("client.synchronize_cloud_storage_connection(connection, progress=False)['numberOfAssets']")
        assert done == [{"text/plain": str(OBJECTS)}]

"""A bucket that answers when it is told to, so that runs are under way for as long as a test looks."""

import re
import threading

from bucketlink import Client
from tests.api.server import wait_until
from tests.servers.pages import PageServer
from tests.servers.pages_core import Dialect, Sent

OBJECTS, SHOWN = 30_000, 20_000
_NUMBER = re.compile(r"(\d{6})\.jpg")


class Hesitant(PageServer):
    """Answers no page behind so many objects until it goes on."""

    def __init__(self) -> None:
        super().__init__(f"{number:06}.jpg" for number in range(OBJECTS))
        self.goes_on = threading.Event()
        self.goes_on.set()
        self._listings = 0

    def hold(self) -> None:
        """Answer no more pages, until it goes on."""
        self._listings = self.counts["LIST"]
        self.goes_on.clear()

    def wait_until_asked(self) -> None:
        """Wait until pages are asked for that are not given."""
        wait_until(lambda: self.counts["LIST"] > self._listings)

    def page(self, dialect: Dialect, sent: Sent, number: int) -> tuple[str, bool]:
        text, is_last = super().page(dialect, sent, number)
        if any(int(found) >= SHOWN for found in _NUMBER.findall(text)):
            assert self.goes_on.wait(60)
        return text, is_last


def connect(client: Client, bucket: PageServer) -> str:
    project = client.create_project("Bears", input_type="IMAGE")["id"]
    integration = client.create_cloud_storage_integration(
        "CustomS3", "bears", s3_bucket_name="b", s3_endpoint=bucket.endpoint
    )
    return client.add_cloud_storage_connection(project, integration["id"])["id"]

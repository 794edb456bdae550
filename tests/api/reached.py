"""A client by either way of the SDK: embedded, or over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bucketlink import Client
from tests.api.server import PRIVATE, Server

WAYS = ("embedded", "http")


@dataclass(frozen=True, slots=True)
class Reached:
    """A client, the data directory that it reaches, and a folder below which integrations may read."""

    client: Client
    data_dir: Path
    root: Path


@contextmanager
def reached(way: str, directory: Path, client: type[Client] = Client) -> Iterator[Reached]:
    """Reach a data directory below ``directory``; ``client`` is what speaks to a server."""
    server = Server(directory, PRIVATE)
    if way == "http":
        with server, client(server.api_key, server.endpoint) as opened:
            yield Reached(opened, server.data_dir, server.root)
        return
    server.root.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in PRIVATE.items():
            patch.setenv(name, value)
        with Client.embedded(server.data_dir, folder_roots=[server.root]) as opened:
            yield Reached(opened, server.data_dir, server.root)

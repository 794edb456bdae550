"""Synchronize a connection whose container the client lists itself.

The client looks for the account below Azure's own domain: this script lets that name lead to the test's server, and
its certificate be trusted, as a machine's settings would.
"""

import json
import os
import socket
import sys
from typing import Any

_given = json.loads(sys.argv[1])
os.environ["REQUESTS_CA_BUNDLE"] = os.environ["SSL_CERT_FILE"] = _given["ca"]
_look_up = socket.getaddrinfo


def _redirected(host: Any, port: Any, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as the function it stands for
    if host == _given["host"]:
        host, port = "127.0.0.1", _given["port"]
    return _look_up(host, port, *args, **options)


socket.getaddrinfo = _redirected

from tests.clients.scenarios.scenario import answer, connect, given, keys, new_project  # noqa: E402

kili = connect()
project = new_project(kili, "service credentials")
connection = kili.add_cloud_storage_connection(project, given["integration"], given["folders"])["id"]
synchronize = kili.synchronize_cloud_storage_connection
first = synchronize(connection)
there = keys(kili, project)
again = synchronize(connection)
answer({"project": project, "first": first, "keys": there, "again": again, "count": kili.count_assets(project)})

"""A process that helps to list a bucket: ``python -m bucketlink.buckets.helper`` and the number of a socket.

It is told through the socket which bucket to read and as whom, then which pages to ask for. It ends when the socket
closes, as it does when whoever started it ends.
"""

import gc
import os
import sys
import threading
from multiprocessing.connection import Connection

from bucketlink.buckets import open_bucket
from bucketlink.buckets.fetching import Reply, Threads
from bucketlink.buckets.helpers import READY, Source


def main() -> None:
    """Answer orders until nobody is there to send any."""
    sys.setswitchinterval(0.05)  # a page is decoded in a fraction of this: whoever is at it had better end it
    gc.disable()  # pages make no cycles, and a process that ends with its listing need not look for any
    socket = Connection(int(sys.argv[1]))
    lock = threading.Lock()

    def tell(reply: Reply) -> None:
        try:
            with lock:
                socket.send(reply)
        except Exception:  # noqa: BLE001 - an error that cannot be sent is met again by who asks instead
            os._exit(0)

    try:
        source: Source = socket.recv()
        reader = open_bucket(
            source.address,
            source.credentials,
            source.permitted,
            access=source.access,
            found_region=source.found_region,
        )
        threads = Threads(reader, tell)  # type: ignore[arg-type]
        socket.send(READY)
        while True:
            threads.send(socket.recv())
    except (EOFError, OSError):
        os._exit(0)


if __name__ == "__main__":
    main()

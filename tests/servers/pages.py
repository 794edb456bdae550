"""A page server of our own: S3's listings, in both versions, and HEAD over keys in memory or by formula, with faults.

In a test's own process it is a thread (`PageServer`); for measuring memory it is a process (`PageProcess`, or by hand
``python -m tests.servers.pages --count 200000``), set and asked through ``/-/faults`` and ``/-/counts``. It checks no
signatures.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Self, overload
from urllib.parse import parse_qs, quote_plus, unquote, urlsplit
from urllib.request import Request, urlopen
from xml.sax.saxutils import escape

MODIFIED = "2024-01-01T00:00:00.000Z"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
ALIVE = -1
"""Of a number of requests: for ever."""


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong. Listings are numbered as they come; a page is the last one if it would end the listing."""

    throttle: int = 0
    """So many listings are answered with 503 first (`ALIVE`: all)."""
    drop: int = 0
    """At so many listings the connection is closed without an answer first (`ALIVE`: all)."""
    cut: int = 0
    """Of so many listings the connection is closed in the middle of the answer first (`ALIVE`: all)."""
    status: int = 0
    """Every request is answered with this status ..."""
    code: str = ""
    """... and this code, if there is one."""
    region: str = ""
    """The bucket's region, told in every answer."""
    last_status: int = 0
    """The last page is answered with this status."""
    truncate_last: bool = False
    """Of the last page's body, half is sent as if it were all."""
    no_token: bool = False
    """Pages with more to follow carry no token."""
    same_token: bool = False
    """Every page but the first carries the token by which it was asked for."""
    miscount: int = 0
    """Added to the number of keys that a page announces."""
    page_keys: int = 0
    """No page holds more keys, however many were asked for."""
    empty_every: int = 0
    """Each so-manieth listing is answered with no key and a token."""
    ignore: tuple[str, ...] = ()
    """Parameters that are not looked at: ``prefix``, ``start-after``, ``delimiter``, ``encoding-type``."""
    old: bool = False
    """ListObjects is all that the server knows: it does not look at what ListObjectsV2 has more."""
    unordered: bool = False
    """Keys come in the order in which they were given, with those given twice."""
    latency: float = 0.0
    """Seconds before each answer."""
    body: str = ""
    """The body of every listing, instead of a page."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the server holds of an object besides its key."""

    size: int = 7
    etag: str = "d41d8cd98f00b204e9800998ecf8427e"
    content_type: str | None = None


class Formula(Sequence[str]):
    """Ascending keys that take no memory: ``folder-00012/image-00012345.jpg``, a thousand to a folder."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(self._count))]
        if not 0 <= index < self._count:
            raise IndexError(index)
        return f"folder-{index // 1000:05d}/image-{index:08d}.jpg"


class PageServer:
    """The server as a thread of this process; whatever bucket is asked for, it holds ``keys``."""

    def __init__(self, keys: Iterable[str] = (), *, faults: Faults = Faults(), port: int = 0) -> None:
        self.faults = faults
        self.counts: Counter[str] = Counter()
        """Requests answered by kind: LIST, HEAD, and LIST 503 and so on for those that failed."""
        self.stored: dict[str, Stored] = {}
        self._given: Sequence[str] = keys if isinstance(keys, Formula) else list(keys)
        self._sorted: Sequence[str] = keys if isinstance(keys, Formula) else sorted(set(self._given))
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.pages = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def endpoint(self) -> str:
        """The URL to read from."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def put(self, key: str, stored: Stored = Stored()) -> None:
        """Add or replace an object."""
        self.put_all({key: stored})

    def put_all(self, objects: Mapping[str, Stored]) -> None:
        """Add or replace many objects."""
        self.stored.update(objects)
        self._set([*(known for known in self._given if known not in objects), *objects])

    def delete(self, key: str) -> None:
        """Remove an object."""
        self.stored.pop(key, None)
        self._set([known for known in self._given if known != key])

    def _set(self, keys: list[str]) -> None:
        self._given, self._sorted = keys, sorted(set(keys))

    def start(self) -> Self:
        """Begin to answer."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop, and wait for those requests that are being answered."""
        self._server.shutdown()
        self._thread.join()
        self._server.end_connections()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def take(self, fault: str) -> bool:
        """Whether a fault that counts requests applies to this one, which it then has counted."""
        with self._lock:
            left = getattr(self.faults, fault)
            if left > 0:
                self.faults = replace(self.faults, **{fault: left - 1})
            return bool(left)

    def count(self, kind: str) -> int:
        """Count a request; how many of its kind there were."""
        with self._lock:
            self.counts[kind] += 1
            return self.counts[kind]

    def holds(self, key: str) -> bool:
        """Whether there is such an object."""
        place = bisect_left(self._sorted, key)
        return place < len(self._sorted) and self._sorted[place] == key

    def listing(self, query: dict[str, str], number: int) -> tuple[str, bool]:
        """A page, and whether it is the last one."""
        faults = self.faults
        asked = {name: value for name, value in query.items() if name not in faults.ignore}
        is_old = faults.old or asked.get("list-type") != "2"
        if is_old:
            asked = {name: value for name, value in asked.items() if name not in {"start-after", "continuation-token"}}
            asked["start-after"] = asked.pop("marker", "")
        keys = self._given if faults.unordered else self._sorted
        prefix, delimiter = asked.get("prefix", ""), asked.get("delimiter", "")
        most, place = self._most(asked, number), self._start(asked)
        found: list[str] = []
        folders: dict[str, None] = {}
        is_last = True
        while place < len(keys) and (faults.unordered or keys[place].startswith(prefix)):
            key = keys[place]
            if not key.startswith(prefix) or key <= asked.get("start-after", ""):
                place += 1
                continue
            if is_old and delimiter and (start := asked["start-after"]).endswith(delimiter) and key.startswith(start):
                place = _beyond(keys, start)  # a folder that was listed is not listed again
                continue
            if len(found) + len(folders) >= most:
                is_last = False
                break
            start, slash, _ = key[len(prefix) :].partition(delimiter or "\0")
            if slash:
                folder = f"{prefix}{start}{slash}"
                folders[folder] = None
                place = place + 1 if faults.unordered else _beyond(keys, folder)
            else:
                found.append(key)
                place += 1
        if is_old:
            more = max([*found, *folders]) if asked.get("delimiter") and not is_last else ""
            return self._xml(asked, found, list(folders), is_last=is_last, marker=more), is_last
        token = "" if is_last or faults.no_token else f"{place}-{number}"
        if faults.same_token and (sent := asked.get("continuation-token")):
            token = sent
        return self._xml(asked, found, list(folders), is_last=is_last, token=token), is_last

    def _most(self, asked: dict[str, str], number: int) -> int:
        faults = self.faults
        if faults.empty_every and number % faults.empty_every == 0:
            return 0
        return min(int(asked.get("max-keys", "1000")), faults.page_keys or 1000)

    def _start(self, asked: dict[str, str]) -> int:
        if token := asked.get("continuation-token"):
            return int(token.partition("-")[0])
        if self.faults.unordered:
            return 0
        place = bisect_left(self._sorted, asked.get("prefix", ""))
        return max(place, bisect_right(self._sorted, asked.get("start-after", "")))

    def _xml(
        self,
        asked: dict[str, str],
        found: list[str],
        folders: list[str],
        *,
        is_last: bool,
        token: str = "",
        marker: str | None = None,
    ) -> str:
        is_url = asked.get("encoding-type") == "url"
        common = Stored()
        number = len(found) + len(folders) + self.faults.miscount
        next_marker = quote_plus(marker or "", safe="/") if is_url else escape(marker or "")
        parts = [
            f"{HEAD}<Name>b</Name><Prefix/>",
            f"<KeyCount>{number}</KeyCount>" if marker is None else "<Marker/>",
            f"<NextMarker>{next_marker}</NextMarker>" if marker else "",
            "<MaxKeys>1000</MaxKeys>",
            f"{'<EncodingType>url</EncodingType>' if is_url else ''}",
            f"<IsTruncated>{'false' if is_last else 'true'}</IsTruncated>",
            f"{f'<NextContinuationToken>{token}</NextContinuationToken>' if token else ''}",
        ]
        for key in found:
            stored = self.stored.get(key, common)
            name = quote_plus(key, safe="/") if is_url else escape(key)
            parts.append(
                f"<Contents><Key>{name}</Key><LastModified>{MODIFIED}</LastModified><ETag>&quot;{stored.etag}&quot;"
                f"</ETag><Size>{stored.size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
            )
        for folder in folders:
            name = quote_plus(folder, safe="/") if is_url else escape(folder)
            parts.append(f"<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>")
        parts.append("</ListBucketResult>")
        return "".join(parts)


def _beyond(keys: Sequence[str], prefix: str) -> int:
    """The place of the first key after those that start with the prefix."""
    return bisect_left(keys, prefix[:-1] + chr(ord(prefix[-1]) + 1))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    pages: PageServer

    def __init__(self, *args: tuple[str, int] | type[BaseHTTPRequestHandler]) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.open: set[_Handler] = set()

    def end_connections(self) -> None:
        for handler in list(self.open):
            handler.end()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that go away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self)

    def finish(self) -> None:
        self.server.open.discard(self)
        super().finish()

    def end(self) -> None:
        """Wake up a connection that waits for its next request, by its end."""
        try:
            self.connection.shutdown(2)
        except OSError:
            return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing is logged."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/-/counts":
            self._answer(200, json.dumps(self.server.pages.counts))
            return
        self._list({name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()})

    def do_PUT(self) -> None:
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        given["ignore"] = tuple(given["ignore"])
        self.server.pages.faults = Faults(**given)
        self._answer(200, "")

    def do_HEAD(self) -> None:
        pages = self.server.pages
        key = unquote(self.path.lstrip("/").partition("/")[2])
        pages.count("HEAD")
        if pages.faults.status:
            self._answer(pages.faults.status, "")
        elif not pages.holds(key):
            self._answer(404, "")
        else:
            stored = pages.stored.get(key, Stored())
            self._answer(200, "", content_type=stored.content_type)

    def _list(self, query: dict[str, str]) -> None:
        pages, faults = self.server.pages, self.server.pages.faults
        number = pages.count("LIST")
        if faults.latency:
            time.sleep(faults.latency)
        if faults.status:
            self._fail(faults.status, faults.code)
        elif pages.take("throttle"):
            self._fail(503, "SlowDown")
        elif pages.take("drop"):
            self.close_connection = True
        elif faults.body:
            self._answer(200, faults.body)
        else:
            text, is_last = pages.listing(query, number)
            if is_last and faults.last_status:
                self._fail(faults.last_status, "InternalError" if faults.last_status >= 500 else "AccessDenied")
            elif pages.take("cut"):
                self._answer(200, text, sent=len(text) // 2)
            else:
                self._answer(200, text[: len(text) // 2] if is_last and faults.truncate_last else text)

    def _fail(self, status: int, code: str) -> None:
        self.server.pages.count(f"LIST {status}")
        named = f"<Code>{code}</Code>" if code else ""
        self._answer(status, f"<Error>{named}<Message>do not tell: hunter2</Message></Error>")

    def _answer(self, status: int, text: str, *, content_type: str | None = None, sent: int | None = None) -> None:
        body = text.encode()
        region = self.server.pages.faults.region
        head = [
            f"HTTP/1.1 {status} Status",
            f"Content-Length: {len(body)}",
            f"Content-Type: {content_type}" if content_type else "",
            f"x-amz-bucket-region: {region}" if region else "",
        ]
        self.close_connection = sent is not None
        start = "\r\n".join(line for line in head if line).encode() + b"\r\n\r\n"
        self.wfile.write(start + (b"" if self.command == "HEAD" else body[:sent]))


class PageProcess:
    """The server as a process of its own, over keys made by a formula."""

    def __init__(self, count: int, faults: Faults = Faults()) -> None:
        root = Path(__file__).parents[2]
        command = [sys.executable, "-m", "tests.servers.pages", "--count", str(count)]
        self._process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)
        self.endpoint = self._output().readline().strip()
        self.set(faults)

    def set(self, faults: Faults) -> None:
        """Change what goes wrong."""
        body = json.dumps(asdict(faults)).encode()
        with urlopen(Request(f"{self.endpoint}/-/faults", data=body, method="PUT")):  # noqa: S310
            pass

    def counts(self) -> dict[str, int]:
        """Requests answered so far, by kind."""
        with urlopen(f"{self.endpoint}/-/counts") as answer:  # noqa: S310
            counts: dict[str, int] = json.load(answer)
            return counts

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        self._output().close()

    def _output(self) -> IO[str]:
        assert self._process.stdout is not None
        return self._process.stdout

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description="A page server over keys made by a formula.")
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    server = PageServer(Formula(options.count), port=options.port)
    print(server.endpoint, flush=True)  # noqa: T201
    server.start()
    threading.Event().wait()


if __name__ == "__main__":
    main()

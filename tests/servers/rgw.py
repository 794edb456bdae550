"""A real S3 server: Ceph's RADOS Gateway, with one monitor and one store that keeps everything in memory."""

import http.client
import json
import secrets
import shutil
import signal
import subprocess
import threading
import uuid
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlsplit

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from bucketlink.model import Credentials
from tests.servers.process import START_SECONDS, ServerProcess, free_port

PROGRAMS = ("ceph", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin")
UPLOAD_THREADS = 8
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

CONFIGURATION = """\
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{port}/0]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth supported = none
auth cluster required = none
auth service required = none
auth client required = none
keyring = {directory}/keyring
ms bind msgr1 = false
ms cluster mode = crc
ms service mode = crc
ms client mode = crc
ms mon cluster mode = crc
ms mon service mode = crc
ms mon client mode = crc
mon data = {directory}/mon
mon data avail crit = 1
mon data avail warn = 1
mon allow pool size one = true
paxos propose interval = 0.02
paxos min wait = 0.01
osd data = {directory}/osd
osd objectstore = memstore
memstore device bytes = 4294967296
osd class load list = *
osd class default list = *
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
rgw dns name = rgw.test
rgw run sync thread = false
rgw enable quota threads = false
rgw enable gc threads = false
rgw enable lc threads = false
rgw bucket index max aio = 128
debug rgw = 0
run dir = {directory}
admin socket =
pid file =
log file =
log to stderr = true
"""


def available() -> bool:
    """Whether the packages are installed; if not, ``tests/servers/install.sh`` says why."""
    return all(shutil.which(program) for program in PROGRAMS)


@dataclass(slots=True, kw_only=True)
class Rgw(ServerProcess):
    """A running gateway."""

    access_key: str = field(default_factory=lambda: secrets.token_hex(10).upper())
    secret_key: str = field(default_factory=lambda: secrets.token_hex(20))
    _sts_port: int | None = None

    def bucket(self, name: str, *, public: bool = False) -> "Bucket":
        """Create a bucket, which everybody may list if it is public."""
        bucket = Bucket(self.endpoint, name, self.access_key, self.secret_key)
        bucket.create(public=public)
        return bucket

    def sts_endpoint(self) -> str:
        """The URL of a second gateway to the same buckets, which has STS too, and says of any wrong keys the same."""
        if self._sts_port is None:
            port, key = free_port(), secrets.token_hex(8)
            options = ("--rgw-s3-auth-use-sts=true", f"--rgw-sts-key={key}", "--rgw-sts-min-session-duration=0")
            self._open_gateway(port, *options)
            self._sts_port = port
        return f"http://127.0.0.1:{self._sts_port}"

    def user(self, name: str) -> Credentials:
        """Create another user, to whom no bucket belongs; the first is called tester."""
        credentials = Credentials(secrets.token_hex(10).upper(), secrets.token_hex(20))
        self._create_user(name, credentials)
        return credentials

    def role(self, name: str, *, user: str, actions: str = "s3:*") -> str:
        """Create a role that a user may assume, and that may do such things; its ARN.

        Ceph takes an external ID, and knows no condition that could ask for one.
        """
        trusted = statement("sts:AssumeRole", Principal={"AWS": [f"arn:aws:iam:::user/{user}"]})
        self._run("radosgw-admin", "role", "create", f"--role-name={name}", f"--assume-role-policy-doc={trusted}")
        allowed = statement(actions, Resource=["arn:aws:s3:::*"])
        options = (f"--role-name={name}", "--policy-name=allowed", f"--policy-doc={allowed}")
        self._run("radosgw-admin", "role-policy", "put", *options)
        return f"arn:aws:iam:::role/{name}"

    def _start(self) -> None:
        directory, monitor_port, fsid, osd = self._directory, free_port(), str(uuid.uuid4()), str(uuid.uuid4())
        for name in ("mon", "osd"):
            (directory / name).mkdir()
        (directory / "keyring").touch()
        (directory / "ceph.conf").write_text(
            CONFIGURATION.format(fsid=fsid, port=monitor_port, directory=directory),
            encoding="utf-8",
        )
        monitors = str(directory / "monmap")
        self._run("monmaptool", "--create", "--addv", "a", f"[v2:127.0.0.1:{monitor_port}]", "--fsid", fsid, monitors)
        self._run("ceph-mon", "-i", "a", "--mkfs", "--monmap", monitors)
        self._spawn(*self._configured("ceph-mon", "-f", "-i", "a"))
        self._run("ceph", "osd", "new", osd, "0")
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
        self._spawn(*self._configured("ceph-osd", "-f", "-i", "0"))
        self._create_user("tester", Credentials(self.access_key, self.secret_key))
        self._open_gateway(self.port)

    def _open_gateway(self, port: int, *options: str) -> None:
        front = f"--rgw-frontends=beast endpoint=127.0.0.1:{port} tcp_nodelay=1"
        self._wait(self._spawn(*self._configured("radosgw", "-f", "-n", "client.admin", front, *options)), port)

    def _create_user(self, name: str, credentials: Credentials) -> None:
        keys = ("--access-key", credentials.access_key or "", "--secret-key", credentials.secret_key or "")
        self._run("radosgw-admin", "user", "create", "--uid", name, "--display-name", name, *keys)

    def _configured(self, program: str, *arguments: str) -> list[str]:
        configuration = [] if program == "monmaptool" else ["-c", str(self._directory / "ceph.conf")]
        return [program, *configuration, *arguments]

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            self._leashed(*self._configured(program, *arguments)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=START_SECONDS,
            check=False,
            cwd=self._directory,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.decode(errors='replace')[-500:]}")


def statement(*actions: str, **parts: object) -> str:
    """A policy of one statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), **parts}]})


class Bucket:
    """A bucket to put objects in, by requests of its own that hold keys exactly. Safe to share between threads."""

    def __init__(self, endpoint: str, name: str, access_key: str, secret_key: str, region: str = "us-east-1") -> None:
        self.endpoint = endpoint
        self.name = name
        self.access_key = access_key
        self.secret_key = secret_key
        self.region = region
        self._auth = S3SigV4Auth(ReadOnlyCredentials(access_key, secret_key, ""), "s3", region)
        self._local = threading.local()
        self._connections: list[http.client.HTTPConnection] = []

    def create(self, *, public: bool = False) -> None:
        """Create the bucket itself."""
        place = f"<LocationConstraint>{self.region}</LocationConstraint>" if self.region != "us-east-1" else ""
        body = f"<CreateBucketConfiguration>{place}</CreateBucketConfiguration>".encode() if place else b""
        self._send("PUT", "", body, {"x-amz-acl": "public-read"} if public else {})

    def allow(self, user: str, action: str, resource: str = "", **conditions: object) -> None:
        """Let another user do one thing with the bucket, or with the objects of it that ``resource`` names."""
        document = statement(
            action,
            Principal={"AWS": [f"arn:aws:iam:::user/{user}"]},
            Resource=[f"arn:aws:s3:::{self.name}{resource}"],
            **({"Condition": conditions} if conditions else {}),
        )
        self._send("PUT", "?policy", document.encode())

    def put(
        self, key: str, body: bytes = b"", *, content_type: str | None = None, storage_class: str | None = None
    ) -> None:
        """Write one object."""
        told = {"Content-Type": content_type, "x-amz-storage-class": storage_class}
        self._send("PUT", f"/{quote(key, safe='/~')}", body, {name: value for name, value in told.items() if value})

    def delete(self, key: str) -> None:
        """Remove one object."""
        self._send("DELETE", f"/{quote(key, safe='/~')}")

    def put_many(self, objects: Mapping[str, bytes] | Iterable[str], *, content_type: str | None = None) -> None:
        """Write many objects side by side; empty ones where only keys are given."""
        items = objects.items() if isinstance(objects, Mapping) else ((key, b"") for key in objects)
        with ThreadPoolExecutor(UPLOAD_THREADS) as pool:
            for _ in pool.map(lambda item: self.put(*item, content_type=content_type), items):
                pass

    def delete_many(self, keys: Iterable[str]) -> None:
        """Remove many objects side by side."""
        with ThreadPoolExecutor(UPLOAD_THREADS) as pool:
            for _ in pool.map(self.delete, keys):
                pass

    def close(self) -> None:
        """Close all connections."""
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self._local = threading.local()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            parts = urlsplit(self.endpoint)
            connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
            self._local.connection = connection
            self._connections.append(connection)
        return connection

    def _send(self, method: str, rest: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        target = f"/{self.name}{rest}"
        request = AWSRequest(method=method, url=f"{self.endpoint}{target}", headers=dict(headers or {}), data=body)
        self._auth.add_auth(request)
        connection = self._connection()
        connection.request(method, target, body=body or None, headers=dict(request.headers.items()))
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {target} was answered with {answer.status}: {text[:300]!r}")


def main() -> None:
    """Run a gateway until interrupted, for trying things out by hand."""
    with Rgw() as rgw:
        print(json.dumps({"endpoint": rgw.endpoint, "access": rgw.access_key, "secret": rgw.secret_key}), flush=True)  # noqa: T201
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    main()

"""A stand-in for AWS: STS, and one bucket that is listed with the keys that it hands out.

Its clock is given, so that keys can expire while a listing goes on. It knows one user and one role, and checks the
signatures of whoever assumes it. Whatever host is named, it answers.
"""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, urlsplit

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from bucketlink.model import Credentials

ROLE = "arn:aws:iam::123456789012:role/reader"
EXTERNAL_ID = "bucketlink-17-external"
CANARY = "do not tell: hunter2"
PAGE = 10


class Sts:
    """The server, as a thread of this process.

    Args:
        clock: seconds since 1970.
        user: the keys that may assume `ROLE` with `EXTERNAL_ID`.
        seconds: how long keys of the role last.
        keys: what the bucket holds, listed `PAGE` at a time.

    """

    def __init__(
        self, clock: Callable[[], float], user: Credentials, *, seconds: int = 3600, keys: Sequence[str] = ("a",)
    ) -> None:
        self.clock = clock
        self.user = user
        self.seconds = seconds
        self.keys = sorted(keys)
        self.issued: dict[str, float] = {}
        """Session tokens that were handed out, and when they expire."""
        self.revoked: set[str] = set()
        self.hosts: list[str] = []
        """The hosts that were asked, in order."""
        self.answer: tuple[int, str] | None = None
        """Status and body with which every assumption is answered, whatever it is."""
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.sts = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        return self._server.server_port

    @property
    def endpoint(self) -> str:
        """The URL of bucket and STS."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def assume(self, form: dict[str, str], signature: str | None) -> tuple[int, str]:
        """Status and body of an answer to AssumeRole, by whoever signed it with the user's secret (None: nobody)."""
        if self.answer:
            return self.answer
        if signature is None:
            return 403, failure("SignatureDoesNotMatch")
        expected = {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": ROLE, "ExternalId": EXTERNAL_ID}
        if {name: form.get(name) for name in expected} != expected or form.get("RoleSessionName") != "bucketlink":
            return 403, failure("AccessDenied")
        number = len(self.issued)
        expires_at = self.clock() + min(self.seconds, int(form["DurationSeconds"]))
        token = f"token+{number}/="
        self.issued[token] = expires_at
        moment = datetime.fromtimestamp(expires_at, UTC)
        return 200, (
            '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>'
            f"<AccessKeyId>ASIA{number}</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey>"
            f"<SessionToken>{token}</SessionToken><Expiration>{moment:%Y-%m-%dT%H:%M:%SZ}</Expiration>"
            "</Credentials></AssumeRoleResult></AssumeRoleResponse>"
        )

    def list(self, token: str, query: dict[str, str]) -> tuple[int, str]:
        """Status and body of an answer to a listing."""
        if token not in self.issued:
            return 400, failure("InvalidToken")
        if token in self.revoked or self.issued[token] <= self.clock():
            return 400, failure("ExpiredToken")
        start = int(query.get("continuation-token", "0"))
        keys = self.keys[start : start + PAGE]
        is_last = start + PAGE >= len(self.keys)
        rows = "".join(f"<Contents><Key>{key}</Key><Size>1</Size><ETag>x</ETag></Contents>" for key in keys)
        more = "" if is_last else f"<NextContinuationToken>{start + PAGE}</NextContinuationToken>"
        return 200, (
            f"<ListBucketResult><KeyCount>{len(keys)}</KeyCount><IsTruncated>{str(not is_last).lower()}</IsTruncated>"
            f"{more}{rows}</ListBucketResult>"
        )


def failure(code: str) -> str:
    """The body of a refusal by STS."""
    return f"<ErrorResponse><Error><Code>{code}</Code><Message>{CANARY}</Message></Error></ErrorResponse>"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    sts: Sts


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing is logged."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signer = self._signer("sts", body, self.server.sts.user.secret_key or "")
        form = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
        known = signer if self._scope()[0] == self.server.sts.user.access_key else None
        self._answer(*self.server.sts.assume(form, known))

    def do_GET(self) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        if self._signer("s3", b"", "role-secret") is None:
            self._answer(403, failure("SignatureDoesNotMatch"))
        else:
            self._answer(*self.server.sts.list(self.headers.get("X-Amz-Security-Token", ""), query))

    def do_HEAD(self) -> None:
        status, _ = self.server.sts.list(self.headers.get("X-Amz-Security-Token", ""), {})
        self._answer(status, "")

    def _scope(self) -> list[str]:
        """Access key, date, region and service of the signature, as its header says."""
        return self.headers.get("Authorization", "").partition("Credential=")[2].partition(",")[0].split("/")

    def _signer(self, service: str, body: bytes, secret: str) -> str | None:
        """The signature, if it is what the secret makes of the request; None if it is not."""
        sent = self.headers.get("Authorization", "")
        names = sent.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        headers = {name: self.headers.get(name, "") for name in names}
        url = f"http://{self.headers['Host']}{self.path}"
        request = AWSRequest(method=self.command, url=url, headers=headers, data=body)
        request.context["timestamp"] = self.headers.get("X-Amz-Date", "")
        kind = S3SigV4Auth if service == "s3" else SigV4Auth
        auth = kind(ReadOnlyCredentials(self._scope()[0], secret, None), service, self._scope()[2])
        signature = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
        return signature if sent.endswith(f"Signature={signature}") else None

    def _answer(self, status: int, text: str) -> None:
        self.server.sts.hosts.append(self.headers["Host"])
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

"""What Google puts before Cloud Storage, as a stand-in of our own: tokens for service accounts, and who may do what.

Tokens are given for assertions whose signature, audience, scope and times hold, as Google does; the bucket's own
server (`upstream`) gets only what comes with such a token and the permission, with a good signature of a URL, or is
open to everybody. Errors are of Google's form. It also cuts listings into pages.
"""

import http.client
import json
import secrets
import socket
import ssl
import sys
import threading
import time
from base64 import b64decode, b64encode, urlsafe_b64decode
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.servers.gcs_keys import key_text, rsa_key

AUDIENCE = "https://oauth2.googleapis.com/token"
SCOPES = ("https://www.googleapis.com/auth/devstorage.read_only", "https://www.googleapis.com/auth/cloud-platform")
LIST, GET = "storage.objects.list", "storage.objects.get"
CANARY = "hunter2"
"""In every description of an error, none of which may be told on."""
SKEW_SECONDS = 300
METADATA = "/computeMetadata/v1/instance/service-accounts/default/"


@dataclass(slots=True)
class Account:
    """A service account: the keys that hold for it, and what it may do."""

    email: str
    permissions: set[str]
    keys: dict[str, rsa.RSAPublicKey] = field(default_factory=dict)
    is_disabled: bool = False


@dataclass(slots=True)
class Refusal(Exception):
    """An error of Google's, by status, machine-made reason and a description for people."""

    status: int
    reason: str
    message: str = CANARY


class GoogleLogin:
    """The stand-in, before the server at port `upstream` of this machine. Use as a context manager.

    Attributes:
        accounts: by e-mail.
        public: buckets that everybody may read.
        page_keys: no page of a listing holds more.
        lifetime: seconds for which a token holds.
        skew: seconds by which its clock is ahead.
        refusal: what every request for an object or a listing is answered with, if there is one.
        metadata_account: the account of the machine, for which it answers as the machine's metadata service.
        script: makes the bodies of all listings, if there is one.
        object_script: status, headers and body of all answers to requests for objects, if there are some.
        token_script: the body of all answers to requests for tokens, if there is one.
        counts: requests by what they were for.

    """

    def __init__(
        self, upstream: int, *, clock: Callable[[], float] = time.time, tls: ssl.SSLContext | None = None
    ) -> None:
        self.upstream = upstream
        self.clock = clock
        self.accounts: dict[str, Account] = {}
        self.public: set[str] = set()
        self.page_keys = 1000
        self.lifetime = 3600
        self.skew = 0.0
        self.refusal: Refusal | None = None
        self.metadata_account: str | None = None
        self.script: Callable[[], str] | None = None
        self.object_script: tuple[int, Mapping[str, str], bytes] | None = None
        self.token_script: str | None = None
        self.counts: Counter[str] = Counter()
        self._tokens: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.login = self
        self._scheme = "https" if tls else "http"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_port)

    @property
    def endpoint(self) -> str:
        """Its URL."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def new_key(self, name: str, *permissions: str, number: int = 0, token_uri: str | None = None) -> str:
        """A new key of a service account, which is made if there is none of the name; as Google hands it out."""
        email = f"{name}@project-1.iam.gserviceaccount.com"
        account = self.accounts.setdefault(email, Account(email, set()))
        account.permissions |= set(permissions)
        key_id, key = secrets.token_hex(20), rsa_key(number)
        account.keys[key_id] = key.public_key()
        return key_text(email, key, key_id=key_id, token_uri=token_uri or f"{self.endpoint}/token")

    def account(self, name: str) -> Account:
        """A service account by its name."""
        return self.accounts[f"{name}@project-1.iam.gserviceaccount.com"]

    def share(self, other: "GoogleLogin") -> None:
        """Take over the accounts and the tokens of another."""
        self.accounts, self._tokens = other.accounts, other._tokens

    def revoke_tokens(self) -> None:
        """Take back every token that was given out."""
        with self._lock:
            self._tokens.clear()

    def give(self, assertion: str) -> dict[str, object]:
        """A token for a signed assertion."""
        header, _, rest = assertion.partition(".")
        claims_text, _, signature = rest.partition(".")
        claims = _json(claims_text)
        account = self.accounts.get(claims.get("iss", ""))
        if account is None:
            raise Refusal(400, "invalid_grant", f"Invalid grant: account not found {CANARY}")
        if account.is_disabled:
            raise Refusal(400, "invalid_grant", f"Account has been disabled {CANARY}")
        if _json(header).get("alg") != "RS256" or not _is_signed(
            account, f"{header}.{claims_text}".encode(), _decoded(signature)
        ):
            raise Refusal(400, "invalid_grant", f"Invalid JWT Signature. {CANARY}")
        if claims.get("aud") != AUDIENCE:
            raise Refusal(400, "invalid_grant", f"Invalid JWT: Failed audience check. {CANARY}")
        issued, expires, now = claims["iat"], claims["exp"], time.time() + self.skew
        if abs(now - issued) > SKEW_SECONDS or not 0 < expires - issued <= 3600:
            message = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
            raise Refusal(400, "invalid_grant", f"{message} {CANARY}")
        if not set(claims.get("scope", "").split()) & set(SCOPES):
            raise Refusal(400, "invalid_scope", f"Invalid OAuth scope {CANARY}")
        return self.new_token(account)

    def new_token(self, account: Account) -> dict[str, object]:
        """A token of an account."""
        token = f"ya29.{secrets.token_urlsafe(24)}"
        with self._lock:
            self._tokens[token] = (account.email, self.clock() + self.lifetime)
        return {"access_token": token, "expires_in": self.lifetime, "token_type": "Bearer"}

    def check(self, authorization: str | None, bucket: str, permission: str) -> None:
        """Let pass only who may."""
        if self.refusal:
            raise self.refusal
        if authorization is None:
            if bucket not in self.public:
                raise Refusal(401, "required", f"Anonymous caller does not have {permission} access. {CANARY}")
            return
        with self._lock:
            email, expires = self._tokens.get(authorization.removeprefix("Bearer "), ("", 0.0))
        if expires <= self.clock():
            raise Refusal(401, "authError", f"Invalid Credentials {CANARY}")
        account = self.accounts.get(email)
        if account is None or permission not in account.permissions:
            raise Refusal(403, "forbidden", f"{email} does not have {permission} access. {CANARY}")

    def check_signature(self, path: str, query: str, headers: Mapping[str, str]) -> None:
        """Let pass only a URL that an account has signed, for as long as it said, if it may read objects."""
        pairs = dict(pair.split("=", 1) for pair in query.split("&"))
        signature = bytes.fromhex(pairs.pop("X-Goog-Signature"))
        given = {name: unquote(value) for name, value in pairs.items()}
        email, day, region, service, request = given["X-Goog-Credential"].rsplit("/", 4)
        names = given["X-Goog-SignedHeaders"].split(";")
        signed_headers = "".join(f"{name}:{headers[name].strip()}\n" for name in names)
        sorted_query = "&".join(f"{name}={value}" for name, value in sorted(pairs.items()))
        canonical = "\n".join(("GET", path, sorted_query, signed_headers, ";".join(names), "UNSIGNED-PAYLOAD"))
        scope = f"{day}/{region}/{service}/{request}"
        digest = sha256(canonical.encode()).hexdigest()
        text = "\n".join((given["X-Goog-Algorithm"], given["X-Goog-Date"], scope, digest))
        account = self.accounts.get(email)
        if given["X-Goog-Algorithm"] != "GOOG4-RSA-SHA256" or scope != f"{day}/auto/storage/goog4_request":
            raise Refusal(400, "InvalidArgument")
        if "host" not in names or account is None or not _is_signed(account, text.encode(), signature):
            raise Refusal(403, "SignatureDoesNotMatch")
        start = datetime.strptime(given["X-Goog-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
        seconds = int(given["X-Goog-Expires"])
        if (
            not (start <= self.clock() < start + seconds)
            or seconds > 604800
            or not given["X-Goog-Date"].startswith(day)
        ):
            raise Refusal(400, "ExpiredToken")
        if GET not in account.permissions:
            raise Refusal(403, "AccessDenied")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.end_connections()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    login: GoogleLogin

    def __init__(self, *args: Any) -> None:  # noqa: ANN401
        super().__init__(*args)
        self.open: set[_Handler] = set()

    def end_connections(self) -> None:
        for handler in list(self.open):
            try:
                handler.connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Say nothing of clients that go away."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


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

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing is logged."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The time by a clock that may be wrong."""
        return formatdate((timestamp or time.time()) + self.server.login.skew, usegmt=True)

    def do_POST(self) -> None:
        login = self.server.login
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        login.counts["token"] += 1
        if login.token_script is not None:
            self._send(200, {}, login.token_script.encode())
            return
        try:
            self._answer(200, login.give(form["assertion"][0]))
        except Refusal as refusal:
            self._answer(refusal.status, {"error": refusal.reason, "error_description": refusal.message})

    def do_GET(self) -> None:
        parts, login = urlsplit(self.path), self.server.login
        if login.metadata_account and self.headers.get("Metadata-Flavor") == "Google":
            self._answer_metadata(parts.path, login.accounts[login.metadata_account])
            return
        try:
            if parts.path.startswith("/storage/v1/b/"):
                self._pass_api(parts.path, dict(parse_qs(parts.query)))
            else:
                self._pass_object(parts.path, parts.query)
        except Refusal as refusal:
            login.counts[f"refused {refusal.status}"] += 1
            self._refuse(refusal)

    def _refuse(self, refusal: Refusal) -> None:
        told = {"message": refusal.message, "domain": "global", "reason": refusal.reason}
        self._answer(refusal.status, {"error": {"code": refusal.status, "message": refusal.message, "errors": [told]}})

    def _pass_api(self, path: str, query: dict[str, list[str]]) -> None:
        bucket, _, key = path.removeprefix("/storage/v1/b/").partition("/o")
        login = self.server.login
        login.counts["get" if key else "list"] += 1
        login.check(self.headers.get("Authorization"), bucket, GET if key else LIST)
        if key:
            if login.object_script:
                self._send(*login.object_script)
            else:
                self._forward(self.path)
            return
        if login.script is not None:
            self._send(200, {}, login.script().encode())
            return
        most = min(int(query.pop("maxResults", ["1000"])[0]), login.page_keys)
        token = b64decode(query.pop("pageToken", [""])[0]).decode()
        status, _, body = self._ask(f"{path}?{urlencode(query, doseq=True)}")
        if status != 200:
            self._refuse(Refusal(status, "notFound"))
            return
        page = json.loads(body)
        items = [item for item in page["items"] if item["name"] > token]
        page["items"] = items[:most]
        if len(items) > most:
            page["nextPageToken"] = b64encode(page["items"][-1]["name"].encode()).decode()
        self._answer(200, page)

    def _pass_object(self, path: str, query: str) -> None:
        bucket, _, key = unquote(path).removeprefix("/").partition("/")
        login = self.server.login
        login.counts["object"] += 1
        if "X-Goog-Signature" in query:
            login.check_signature(path, query, {name.lower(): value for name, value in self.headers.items()})
        else:
            login.check(None, bucket, GET)
        self._forward(f"/storage/v1/b/{bucket}/o/{quote(key, safe='')}?alt=media")

    def _forward(self, target: str) -> None:
        status, headers, body = self._ask(target)
        if status >= 400:
            self._refuse(Refusal(status, "notFound" if status == 404 else "invalid"))
            return
        self._send(status, {name: headers[name] for name in ("Content-Type", "Content-Range") if name in headers}, body)

    def _ask(self, target: str) -> tuple[int, Mapping[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.login.upstream, timeout=30)
        sent = {"Range": self.headers["Range"]} if "Range" in self.headers else {}
        try:
            connection.request("GET", target, headers=sent)
            answer = connection.getresponse()
            return answer.status, {name.title(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def _answer_metadata(self, path: str, account: Account) -> None:
        login = self.server.login
        if path == METADATA + "token":
            login.counts["token"] += 1
            self._answer(200, login.new_token(account))
        elif path == METADATA:
            self._answer(200, {"email": account.email, "scopes": list(SCOPES), "aliases": ["default"]})
        else:
            self._answer(200, "")

    def _answer(self, status: int, document: object) -> None:
        self._send(status, {"Content-Type": "application/json"}, json.dumps(document).encode())

    def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "Metadata-Flavor": "Google", "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _json(text: str) -> dict[str, Any]:
    found = json.loads(_decoded(text))
    return found if isinstance(found, dict) else {}


def _is_signed(account: Account, message: bytes, signature: bytes) -> bool:
    for key in account.keys.values():
        try:
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            continue
        return True
    return False

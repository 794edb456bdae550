"""A stand-in for Microsoft Entra, as far as azure-identity asks it: one tenant, and service principals with secrets.

Its tokens are signed by nobody; Azurite looks at their claims alone.
"""

import base64
import json
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs

AUDIENCE = "https://storage.azure.com"
PRINCIPAL = "11111111-aaaa-4444-8888-222222222222"


@dataclass(slots=True)
class Login:
    """A running authority. Use as a context manager. The certificate in ``tls`` must be for 127.0.0.1."""

    tls: ssl.SSLContext
    tenant: str = "01234567-89ab-cdef-0123-456789abcdef"
    clients: dict[str, str] = field(default_factory=dict)
    """Secrets by client."""
    expired: set[str] = field(default_factory=set)
    """Secrets that have expired."""
    seconds: int = 3600
    """How long tokens hold."""
    audience: str = AUDIENCE
    answered: list[str] = field(default_factory=list)
    """What was answered to requests for tokens: ``token``, or an error's number."""
    _server: ThreadingHTTPServer | None = None

    @property
    def authority(self) -> str:
        """The URL of the authority, without a tenant."""
        assert self._server is not None
        return f"https://127.0.0.1:{self._server.server_address[1]}"

    def token(self) -> str:
        """A token of the service principal."""
        now = int(time.time())
        claims = {
            "aud": self.audience,
            "iss": f"https://sts.windows.net/{self.tenant}/",
            "iat": now,
            "nbf": now - 60,
            "exp": now + self.seconds,
            "oid": PRINCIPAL,
            "tid": self.tenant,
        }
        parts = ({"typ": "JWT", "alg": "RS256"}, claims, {"signed": "by nobody"})
        return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)

    def discovered(self, tenant: str) -> tuple[int, Mapping[str, object]]:
        """The endpoints of a tenant."""
        if tenant != self.tenant:
            return _refused("90002", "invalid_tenant")
        base = f"{self.authority}/{tenant}"
        return 200, {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "issuer": f"{base}/v2.0",
        }

    def signed_in(self, form: Mapping[str, str]) -> tuple[int, Mapping[str, object]]:
        """The answer to a request for a token."""
        secret = self.clients.get(form.get("client_id", ""))
        if secret is None:
            number = "700016"
        elif form.get("client_secret") in self.expired:
            number = "7000222"
        elif form.get("client_secret") != secret:
            number = "7000215"
        else:
            self.answered.append("token")
            token = {"token_type": "Bearer", "expires_in": self.seconds, "access_token": self.token()}
            return 200, token
        self.answered.append(number)
        return _refused(number, "unauthorized_client" if number == "700016" else "invalid_client")

    def __enter__(self) -> Self:
        login = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer(*login.discovered(self.path.split("/")[1]))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self._answer(*login.signed_in({name: values[0] for name, values in parse_qs(body).items()}))

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

            def _answer(self, status: int, content: Mapping[str, object]) -> None:
                body = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()


def _refused(number: str, error: str) -> tuple[int, Mapping[str, object]]:
    description = f"AADSTS{number}: A sentence of the authority's own. Trace ID: hunter2"
    return 400 if number == "90002" else 401, {
        "error": error,
        "error_description": description,
        "error_codes": [int(number)],
    }

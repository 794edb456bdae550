"""Secrets that are told to a server, and a look at all that it answers, logs and writes for any of them."""

import base64
import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from graphql import GraphQLNamedType, GraphQLObjectType, get_named_type, is_object_type, is_required_argument

from bucketlink.api.application import SCHEMA
from tests.api.places import forms_of, secrets_of
from tests.api.server import Server
from tests.servers.pages import PageServer, _Handler
from tests.servers.pages_core import CANARY, Dialect

FILES = {"server.log", "bucketlink.db", "an answer"}


class _Indiscreet(_Handler):
    """Refuses a bucket called ``closed``; every refusal tells what was sent."""

    def _refuses(self, dialect: Dialect, kind: str) -> bool:
        if "/closed" not in self.path:
            return super()._refuses(dialect, kind)
        self._fail(dialect, kind, 403, "AccessDenied")
        return True

    def _fail(
        self, dialect: Dialect, kind: str, status: int, code: str, headers: Mapping[str, str] | None = None
    ) -> None:
        told, text = dialect.error(status, code)
        sent = f"{self.path} {self.headers}"
        echo = {"x-amz-error-message": self.path, "Location": f"{self.path}&{self.headers.get('Authorization', '')}"}
        self.server.pages.count(f"{kind} {status}")
        self._answer(status, text.replace(CANARY, sent).encode(), {**told, **echo, **(headers or {})})

    def do_POST(self) -> None:  # noqa: N802 - the base class calls it
        """Give whoever asks a token of Google's, or a key of Azure's to sign URLs by, which are secrets too."""
        self._sent_body()
        pages = cast(IndiscreetPages, self.server.pages)
        if "comp=userdelegationkey" in self.path:
            names = ("SignedOid", "SignedTid", "SignedStart", "SignedExpiry", "SignedService", "SignedVersion")
            fields = {**dict.fromkeys(names, "x"), "Value": pages.delegation_key}
            text = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
            self._answer(200, f"<UserDelegationKey>{text}</UserDelegationKey>".encode())
            return
        token = {"access_token": pages.access_token, "token_type": "Bearer", "expires_in": 3600}
        self._answer(200, json.dumps(token).encode())


class IndiscreetPages(PageServer):
    """A page server that tells in its refusals what it was sent."""

    def __init__(self) -> None:
        super().__init__(["a.jpg", "folder/b c.jpg"])
        self._server.RequestHandlerClass = _Indiscreet
        self.access_token = f"ya29.canary{secrets.token_hex(12)}"
        self.delegation_key = base64.b64encode(secrets.token_bytes(32)).decode()


@dataclass(slots=True)
class Watched:
    """A server, everything that it answered, and the secrets that it was told."""

    server: Server
    bucket: str
    answers: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def ask(self, query: str, *, call: str = "", key: str | None = None, **variables: object) -> dict[str, Any]:
        response = self.server.ask(query, variables, call=call, key=key)
        self.answers.append(json.dumps(response, ensure_ascii=False))
        return response

    def data(self, query: str, **variables: object) -> Any:  # noqa: ANN401
        """The root field ``data`` of a request that has to succeed."""
        response = self.ask(query, call="", key=None, **variables)
        assert "errors" not in response, response["errors"]
        return response["data"]["data"]

    def new_secret(self) -> str:
        """A secret that nobody else has, with characters that URLs and Base64 write in other ways."""
        self.told.append(f"canary{secrets.token_hex(12)}")
        return self.told[-1]

    def tell(self, data: Mapping[str, object]) -> dict[str, object]:
        """Fields of an integration, whose secrets are told from here on."""
        self.told += secrets_of(data)
        return dict(data)

    def s3(self, bucket: str, **fields: object) -> dict[str, object]:
        """An integration with three new secrets."""
        return {
            "name": "A bucket",
            "platform": "CustomS3",
            "s3Endpoint": self.bucket,
            "s3Region": "us-east-1",
            "s3BucketName": bucket,
            "s3AccessKey": self.new_secret(),
            "s3SecretKey": self.new_secret(),
            "s3SessionToken": self.new_secret(),
            **fields,
        }

    def found(self) -> list[tuple[str, bytes]]:
        """Where a secret stands, in whatever form, of all that was answered, logged or written, and what is before."""
        answered = "\n".join(self.answers).encode()
        places = {path.name: path.read_bytes() for path in self._files()} | {"an answer": answered}
        assert set(places) >= FILES
        forms = {form for secret in self.told for form in (*forms_of(secret), *_within_base64(secret))}
        return [(name, _before(form, text)) for form in forms for name, text in places.items() if form in text]

    def check(self) -> None:
        """Fail where a secret is found."""
        found = self.found()
        assert not found, found

    def _files(self) -> list[Path]:
        return [path for path in (*self.server.data_dir.rglob("*"), self.server.log) if path.is_file()]


@contextmanager
def watching(directory: Path, bucket: str, **settings: str) -> Iterator[Watched]:
    """A server that logs all that it can, whose administrator's key is a secret too."""
    own = {"BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS": "true", "BUCKETLINK_LOG_LEVEL": "DEBUG"}
    with Server(directory, {**own, **settings}) as server:
        watched = Watched(server, bucket)
        watched.told.append(server.api_key)
        yield watched


def every_field(name: str, depth: int = 1) -> str:
    """All fields of a type of the schema that need no argument, and those of the objects in them, so deep."""
    found = []
    for field_name, one in cast(GraphQLObjectType, SCHEMA.type_map[name]).fields.items():
        if any(is_required_argument(argument) for argument in one.args.values()):
            continue
        kind = cast(GraphQLNamedType, get_named_type(one.type))
        if not is_object_type(kind):
            found.append(field_name)
        elif depth:
            found.append(f"{field_name} {{ {every_field(kind.name, depth - 1)} }}")
    return " ".join(found)


def _within_base64(secret: str) -> Iterator[bytes]:
    """What a secret looks like inside of something longer in Base64."""
    plain = secret.encode()
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + plain)
        yield encoded[4 if before else 0 : len(encoded) - 4]


def _before(form: bytes, text: bytes) -> bytes:
    place = text.index(form)
    return text[max(0, place - 100) : place]

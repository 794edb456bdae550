"""Another S3 server: moto, which has storage classes, regions, users, roles and STS.

It checks neither signatures nor permissions, save while it is `Moto.guarded`, in the words of AWS.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from bucketlink.model import Credentials
from tests.servers.process import ServerProcess
from tests.servers.rgw import Bucket, statement

REGION = "us-east-1"
RECORDING = "recording"
ACCOUNT = "123456789012"


def available() -> bool:
    """Whether the package is installed."""
    return find_spec("moto") is not None and find_spec("flask") is not None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request as it came; the names of headers in small letters."""

    method: str
    url: str
    headers: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class Moto(ServerProcess):
    """A running server."""

    access_key: str = "access"
    secret_key: str = "secret"

    def bucket(self, name: str, *, region: str = REGION) -> Bucket:
        """Create a bucket in a region."""
        bucket = Bucket(self.endpoint, name, self.access_key, self.secret_key, region)
        bucket.create()
        return bucket

    @contextmanager
    def recording(self) -> Iterator[list["Recorded"]]:
        """The requests that come meanwhile; they are there at the end of the ``with`` block."""
        found: list[Recorded] = []
        self._record("reset")
        self._record("start")
        try:
            yield found
        finally:
            self._record("stop")
        lines = (self._directory / RECORDING).read_text("utf-8").splitlines()
        found += [
            Recorded(entry["method"], entry["url"], {name.lower(): value for name, value in entry["headers"].items()})
            for entry in map(json.loads, lines)
        ]

    def user(self, name: str, *actions: str) -> Credentials:
        """Create a user who may do such things."""
        self._iam("CreateUser", UserName=name)
        if actions:
            document = statement(*actions, Resource="*")
            self._iam("PutUserPolicy", UserName=name, PolicyName="allowed", PolicyDocument=document)
        told = self._iam("CreateAccessKey", UserName=name)
        return Credentials(_element(told, "AccessKeyId"), _element(told, "SecretAccessKey"))

    def revoke(self, name: str, credentials: Credentials) -> None:
        """Take keys back from a user."""
        self._iam("DeleteAccessKey", UserName=name, AccessKeyId=credentials.access_key or "")

    def role(self, name: str, *actions: str, user: str, external_id: str) -> str:
        """Create a role that may do such things, and that a user may assume by the external ID; its ARN."""
        trusted = statement(
            "sts:AssumeRole",
            Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/{user}"},
            Condition={"StringEquals": {"sts:ExternalId": external_id}},
        )
        told = self._iam("CreateRole", RoleName=name, AssumeRolePolicyDocument=trusted)
        document = statement(*actions, Resource="*")
        self._iam("PutRolePolicy", RoleName=name, PolicyName="allowed", PolicyDocument=document)
        return _element(told, "Arn")

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Look at signatures and permissions meanwhile."""
        self._post("/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"})
        try:
            yield
        finally:
            self._post("/moto-api/reset-auth", b"inf", {"Content-Type": "text/plain"})

    def _iam(self, action: str, **parameters: str) -> str:
        body = urlencode({"Action": action, "Version": "2010-05-08", **parameters}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        request = AWSRequest("POST", f"{self.endpoint}/", headers=headers, data=body)
        SigV4Auth(ReadOnlyCredentials(self.access_key, self.secret_key, ""), "iam", REGION).add_auth(request)
        return self._post("/", body, dict(request.headers.items()))

    def _post(self, path: str, body: bytes, headers: Mapping[str, str]) -> str:
        sent = Request(f"{self.endpoint}{path}", data=body, headers=dict(headers), method="POST")  # noqa: S310
        with urlopen(sent, timeout=30) as answer:  # noqa: S310
            text: str = answer.read().decode()
            return text

    def _record(self, act: str) -> None:
        self._post(f"/moto-api/recorder/{act}-recording", b"", {})

    def _start(self) -> None:
        command = (sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port))
        env = {"TMPDIR": str(self._directory), "MOTO_RECORDER_FILEPATH": RECORDING}
        self._wait(self._spawn(*command, env=env), self.port)


def _element(text: str, name: str) -> str:
    return text.partition(f"<{name}>")[2].partition("<")[0]

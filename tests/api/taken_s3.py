"""S3's credentials taken away, on Ceph's gateway, and on a stand-in for AWS for what that does not have."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import pytest

from bucketlink.model import Credentials
from tests.api.taken import NOTHING, End, Fields, Make, Mend, Taken, numbers
from tests.servers import sts as aws
from tests.servers.rgw import Bucket, Rgw
from tests.servers.sts import Sts

READ = ("s3:ListBucket", "s3:GetObject")


@dataclass(frozen=True, slots=True)
class OnRgw:
    """A bucket on the gateway, and a user to whom it does not belong."""

    rgw: Rgw
    bucket: Bucket
    user: str
    keys: Credentials

    def allow(self, *actions: str, to: str | None = None, prefixes: Sequence[str] = ()) -> None:
        """Let the user (or whoever ``to`` is) do this, listing below some prefixes alone, and nothing else."""
        principal = {"AWS": [to or f"arn:aws:iam:::user/{self.user}"]}
        name = f"arn:aws:s3:::{self.bucket.name}"
        below = {"StringLike": {"s3:prefix": [*prefixes]}}
        statements = [
            {
                "Effect": "Allow",
                "Principal": principal,
                "Action": [action],
                "Resource": [f"{name}/*" if "Object" in action else name],
                **({"Condition": below} if prefixes and "Object" not in action else {}),
            }
            for action in actions
        ]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.bucket._send("PUT", "?policy", document.encode())

    def administer(self, *arguments: str) -> None:
        """Run ``radosgw-admin`` on the user."""
        self.rgw._run("radosgw-admin", *arguments, "--uid", self.user)

    def set_secret(self, access_key: str, secret_key: str) -> Fields:
        """Give the user a pair of keys, or one of its keys another secret; the fields that it is given as."""
        keys = ("--access-key", access_key, "--secret-key", secret_key)
        self.administer("key", "create", "--key-type", "s3", *keys)
        return {"s3AccessKey": access_key, "s3SecretKey": secret_key}

    def data(self, keys: Credentials | None = None, **fields: object) -> Fields:
        """What registers the bucket, as everybody if no keys are given."""
        secret = {"s3AccessKey": keys.access_key, "s3SecretKey": keys.secret_key} if keys else {}
        where = {"platform": "CustomS3", "s3Endpoint": self.rgw.endpoint, "s3BucketName": self.bucket.name}
        return {"name": self.bucket.name, **where, **secret, **fields}

    def taken(self, end: End, mend: Mend, says: str, **fields: object) -> Taken:
        """The bucket, read by the user's keys unless fields say otherwise."""
        data = self.data(self.keys, **fields)
        return Taken(data, self.bucket.put, self.bucket.delete, end, mend, says)


def on_rgw(request: pytest.FixtureRequest) -> OnRgw:
    """A new bucket, and a new user that may read it."""
    rgw, name = cast(Rgw, request.getfixturevalue("rgw")), f"taken-{next(numbers)}"
    bucket = rgw.bucket(name)
    request.addfinalizer(bucket.close)
    made = OnRgw(rgw, bucket, name, rgw.user(name))
    made.allow(*READ)
    return made


def _another_secret(request: pytest.FixtureRequest) -> Taken:
    on, key = on_rgw(request), "another-secret-of-the-same-key"

    def end() -> None:
        on.set_secret(on.keys.access_key or "", key)

    return on.taken(end, lambda: {"s3SecretKey": key}, "does not belong to the access key; give .* s3SecretKey")


def _key_removed(request: pytest.FixtureRequest) -> Taken:
    on = on_rgw(request)

    def end() -> None:
        on.administer("key", "rm", "--key-type", "s3", "--access-key", on.keys.access_key or "")

    mend = lambda: on.set_secret(f"NEWKEYOF{on.user.upper()}", "the-secret-of-the-new-key")  # noqa: E731
    return on.taken(end, mend, "does not know this access key; give .* s3AccessKey")


def _suspended(request: pytest.FixtureRequest) -> Taken:
    on = on_rgw(request)

    def mend() -> Fields:
        on.administer("user", "enable")
        return NOTHING

    return on.taken(lambda: on.administer("user", "suspend"), mend, "has suspended the user of these keys")


def _list_withdrawn(request: pytest.FixtureRequest) -> Taken:
    on = on_rgw(request)

    def mend() -> Fields:
        on.allow(*READ)
        return NOTHING

    return on.taken(lambda: on.allow("s3:GetObject"), mend, "grant s3:ListBucket on the bucket, or give others")


def _made_private(request: pytest.FixtureRequest) -> Taken:
    on = on_rgw(request)
    on.allow(*READ, to="*")

    def mend() -> Fields:
        return {"s3AccessKey": on.keys.access_key, "s3SecretKey": on.keys.secret_key}

    says = r"does not let everybody list .* \(s3AccessKey, s3SecretKey\)"
    return on.taken(lambda: on.allow(*READ), mend, says, s3AccessKey=None, s3SecretKey=None)


def _role_removed(request: pytest.FixtureRequest) -> Taken:
    on = on_rgw(request)
    arn = on.rgw.role(on.user, user=on.user)

    def end() -> None:
        on.rgw._run("radosgw-admin", "role-policy", "delete", f"--role-name={on.user}", "--policy-name=allowed")
        on.rgw._run("radosgw-admin", "role", "delete", f"--role-name={on.user}")

    def mend() -> Fields:
        return {"awsRoleARN": on.rgw.role(f"{on.user}-again", user=on.user)}

    fields = {"s3Endpoint": on.rgw.sts_endpoint(), "awsRoleARN": arn}
    return on.taken(end, mend, "does not know the role .*; check awsRoleARN", **fields)


# S3 on a stand-in whose clock is given


class OnSts:
    """A bucket on the stand-in for AWS."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self.ahead = 0.0
        """Seconds by which its clock is ahead."""
        self.server = Sts(lambda: time.time() + self.ahead, Credentials("AKIAUSER", "the-secret-of-the-user"), keys=())
        self.server.__enter__()
        request.addfinalizer(lambda: self.server.__exit__(None, None, None))

    def put(self, key: str) -> None:
        self.server.keys = sorted({*self.server.keys, key})

    def delete(self, key: str) -> None:
        self.server.keys.remove(key)

    def new_token(self) -> Fields:
        """Temporary keys."""
        token = f"token+{len(self.server.issued)}/="
        self.server.issued[token] = self.server.clock() + 3600
        return {"s3AccessKey": "ASIA0", "s3SecretKey": "role-secret", "s3SessionToken": token}

    def taken(self, end: End, mend: Mend, says: str, **fields: object) -> Taken:
        where = {"platform": "CustomS3", "s3Endpoint": self.server.endpoint, "s3BucketName": "bucket"}
        return Taken({"name": "b", **where, **fields}, self.put, self.delete, end, mend, says)


def _token_expired(request: pytest.FixtureRequest) -> Taken:
    on = OnSts(request)

    def end() -> None:
        on.ahead = 3601

    says = "the session token has expired; give new s3AccessKey, s3SecretKey and s3SessionToken"
    return on.taken(end, on.new_token, says, **on.new_token())


def _external_id(request: pytest.FixtureRequest) -> Taken:
    on, patch = OnSts(request), cast(pytest.MonkeyPatch, request.getfixturevalue("monkeypatch"))
    own = str(request.getfixturevalue("external_id"))
    patch.setattr(aws, "EXTERNAL_ID", own)

    def mend() -> Fields:
        patch.setattr(aws, "EXTERNAL_ID", own)
        return NOTHING

    keys = {"s3AccessKey": on.server.user.access_key, "s3SecretKey": on.server.user.secret_key}
    says = f"does not let the role {aws.ROLE} be assumed: its trust policy must allow .* the external ID {own}"
    return on.taken(lambda: patch.setattr(aws, "EXTERNAL_ID", "another"), mend, says, awsRoleARN=aws.ROLE, **keys)


WAYS: dict[str, Make] = {
    "S3: another secret key": _another_secret,
    "S3: key removed": _key_removed,
    "S3: user suspended": _suspended,
    "S3: listing withdrawn": _list_withdrawn,
    "S3: made private": _made_private,
    "S3: role removed": _role_removed,
    "AWS: session token expired": _token_expired,
    "AWS: external ID refused": _external_id,
}

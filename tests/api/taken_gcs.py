"""Google's credentials taken away, on an emulator of Cloud Storage behind our stand-in for Google's accounts."""

from typing import cast

import pytest

from tests.api.taken import NOTHING, End, Fields, Make, Mend, Taken, numbers
from tests.servers.gcs import GcsEmulator
from tests.servers.gcs_login import GET, LIST, GoogleLogin


class OnGoogle:
    """A bucket on the emulator, behind the stand-in for Google's accounts."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self.emulator = cast(GcsEmulator, request.getfixturevalue("gcs"))
        self.name = f"taken-{next(numbers)}"
        self.emulator.create(self.name)
        self.login = GoogleLogin(self.emulator.port)
        self.login.__enter__()
        request.addfinalizer(lambda: self.login.__exit__(None, None, None))

    def data(self, key: str | None) -> Fields:
        """What registers the bucket, as everybody if no key is given."""
        where = {"platform": "GCP", "gcpBucketName": self.name, "gcpEndpoint": self.login.endpoint}
        return {"name": self.name, **where, "gcpServiceAccountKey": key}

    def taken(self, end: End, mend: Mend, says: str, *, is_public: bool = False) -> Taken:
        key = None if is_public else self.login.new_key("reader", LIST, GET)
        return Taken(
            self.data(key),
            lambda name: self.emulator.put(self.name, name, b"x", content_type="image/jpeg"),
            lambda name: self.emulator.delete(self.name, name),
            end,
            mend,
            says,
        )

    def new_key(self, name: str = "reader") -> Fields:
        """The field of a new key that may read."""
        return {"gcpServiceAccountKey": self.login.new_key(name, LIST, GET)}


def _key_revoked(request: pytest.FixtureRequest) -> Taken:
    on = OnGoogle(request)
    says = "does not accept this key of reader@.* any more; make a new key and give it as gcpServiceAccountKey"

    def end() -> None:
        on.login.account("reader").keys.clear()

    return on.taken(end, on.new_key, says)


def _account_gone(request: pytest.FixtureRequest) -> Taken:
    on = OnGoogle(request)
    says = "does not know the service account reader@.*; give the gcpServiceAccountKey of one that exists"
    return on.taken(on.login.accounts.clear, lambda: on.new_key("another"), says)


def _account_disabled(request: pytest.FixtureRequest) -> Taken:
    on = OnGoogle(request)

    def set_disabled(value: bool) -> Fields:
        on.login.account("reader").is_disabled = value
        return NOTHING

    says = "the service account reader@.* is disabled; enable it, or give the gcpServiceAccountKey of another"
    return on.taken(lambda: set_disabled(True), lambda: set_disabled(False), says)


def _role_withdrawn(request: pytest.FixtureRequest) -> Taken:
    on = OnGoogle(request)

    def mend() -> Fields:
        on.login.account("reader").permissions.add(LIST)
        return NOTHING

    says = r"grant it the role roles/storage.objectViewer .*\(permission storage.objects.list\)"
    return on.taken(lambda: on.login.account("reader").permissions.discard(LIST), mend, says)


def _made_private(request: pytest.FixtureRequest) -> Taken:
    on = OnGoogle(request)
    on.login.public.add(on.name)
    says = "does not let everybody list .*; give a gcpServiceAccountKey, or grant allUsers"
    return on.taken(lambda: on.login.public.discard(on.name), on.new_key, says, is_public=True)


WAYS: dict[str, Make] = {
    "GCP: key revoked": _key_revoked,
    "GCP: account deleted": _account_gone,
    "GCP: account disabled": _account_disabled,
    "GCP: role withdrawn": _role_withdrawn,
    "GCP: made private": _made_private,
}

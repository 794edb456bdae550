"""Credentials that a bucket refuses: what is told, on every platform, and that nothing is lost."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bucketlink.model import Caller
from bucketlink.settings import Settings
from tests.api import taken_azure, taken_gcs, taken_s3
from tests.api.conftest import Api, open_api
from tests.api.places import assert_silent, in_step, refusal

WAYS = {**taken_s3.WAYS, **taken_gcs.WAYS, **taken_azure.WAYS}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    api = open_api(Settings(data_dir=tmp_path / "data", allow_private_endpoints=True))
    yield api
    api.home.close()


@pytest.fixture
def external_id(api: Api, caller: Caller) -> str:
    (row,) = api.data(caller, "{ data: organizations(where: {}, first: 1, skip: 0) { awsRoleExternalId } }")
    return str(row["awsRoleExternalId"])


@pytest.mark.parametrize("way", WAYS)
def test_credentials_that_hold_no_more_disconnect_and_lose_nothing(
    request: pytest.FixtureRequest, api: Api, caller: Caller, way: str
) -> None:
    taken = WAYS[way](request)
    for key in ("kept.jpg", "lost.jpg"):
        taken.put(key)
    place = in_step(api, caller, taken.data)
    assert place.status() == ("CONNECTED", None)
    taken.put("new.jpg")
    taken.delete("lost.jpg")
    assert place.compute() is None
    before = assets, differences = place.shown()
    assert assets.keys() == {"kept.jpg", "lost.jpg"}
    assert differences == [("ADD", "new.jpg", None), ("REMOVE", "lost.jpg", assets["lost.jpg"][0])]

    taken.put("later.jpg")
    taken.end()
    sentence = place.compute()

    assert re.search(taken.says, sentence or "")
    assert_silent(sentence, taken.data)
    assert (place.status(), place.shown()) == (("DISCONNECTED", sentence), before)
    assert place.check() == ("DISCONNECTED", sentence)
    assert refusal(api, caller, taken.data) == sentence
    assert (place.status(), place.shown()) == (("DISCONNECTED", sentence), before)

    fields = taken.mend()
    assert (place.update(**fields) if fields else place.check()) == ("CONNECTED", None)
    assert place.shown() == before
    assert place.compute() is None
    place.apply()
    after, left = place.shown()
    assert after.keys() == {"kept.jpg", "new.jpg", "later.jpg"}
    assert left == []
    assert after["kept.jpg"] == assets["kept.jpg"]

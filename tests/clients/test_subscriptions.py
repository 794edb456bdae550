"""The subscription that the clients open: to the labels of a project, of which there are none here."""

import pytest

from tests.clients.conftest import Client
from tests.clients.environments import Can


@pytest.mark.needs(Can.SUBSCRIBE)
def test_listens_to_a_project_and_is_refused_others(client: Client) -> None:
    said = client.run("subscribe", **{"unknown key": "bl_this-key-was-never-made-by-anyone"})

    assert said["standing"] is True
    assert said["ended"] == [False, False]
    assert said["heard"] == []
    assert "There is no project with the id " in said["printed"]
    assert "The API key is missing, unknown, expired or revoked" in said["printed"]
    assert "Connection closed" not in said["printed"]

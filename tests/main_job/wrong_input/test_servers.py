"""Keys, servers and endpoints in the operator's own network that are refused."""

from pathlib import Path

import pytest

from bucketlink import Client
from bucketlink.errors import BucketError, NotAuthenticated, ServerError
from tests.api.command_line import Inside
from tests.api.server import PRIVATE, Server
from tests.main_job.wrong_input.world import SECRET, World, in_one_line
from tests.servers.rgw import Bucket


def test_a_private_endpoint_is_refused_while_the_setting_is_off(
    run: Inside, tmp_path: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in PRIVATE:
        monkeypatch.delenv(name, raising=False)
    with Server(tmp_path, dict.fromkeys(PRIVATE, "false")) as server:
        with (
            Client(server.api_key, server.endpoint) as client,
            pytest.raises(BucketError) as caught,
        ):
            client.create_cloud_storage_integration(
                "CustomS3", "x", s3_bucket_name=bucket.name, s3_endpoint=bucket.endpoint
            )
        in_one_line(str(caught.value), "private address.*BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS=true")
        words = ["integrations", "add", "--bucket", bucket.name, "--endpoint-url", bucket.endpoint]
        done = run(*words, "--data-dir", server.data_dir, status=1)
        in_one_line(done.stderr.removesuffix("\n"), "private address.*BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS=true")
        assert run.json("integrations", "list", "--data-dir", server.data_dir) == []


def test_a_missing_key_is_said_before_anything_is_sent(
    run: Inside, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BUCKETLINK_API_KEY", raising=False)
    with pytest.raises(NotAuthenticated) as caught:
        Client(None, server.endpoint)
    in_one_line(str(caught.value), "BUCKETLINK_API_KEY.*bucketlink keys create")
    done = run("projects", "list", "--endpoint", server.endpoint, status=1)
    in_one_line(done.stderr.removesuffix("\n"), "BUCKETLINK_API_KEY.*bucketlink keys create")


@pytest.mark.parametrize("key", [SECRET, f"bl_{SECRET}", f"{SECRET}\u00fc", f"{SECRET} {SECRET}"])
def test_a_wrong_key_is_refused_and_not_repeated(run: Inside, served: World, server: Server, key: str) -> None:
    before = served.census()
    with pytest.raises(NotAuthenticated) as caught:
        Client(key, server.endpoint)
    in_one_line(str(caught.value), "API key")
    done = run("projects", "create", "x", "--endpoint", server.endpoint, "--api-key", key, status=1)
    in_one_line(done.stderr.removesuffix("\n"), "API key")
    assert served.census() == before


def test_a_server_that_is_down_is_named(served: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bucketlink.client.graphql.transport.time.sleep", lambda _: None)
    with pytest.raises(ServerError) as caught:
        Client("key", served.nowhere)
    in_one_line(str(caught.value), f"No answer from {served.nowhere}.*Is the server running")


def test_a_server_that_is_another_is_named(run: Inside, no_s3: str) -> None:
    with pytest.raises(ServerError) as caught:
        Client("key", no_s3)
    in_one_line(str(caught.value), "not Bucketlink's API; check the address")
    done = run("projects", "list", "--endpoint", no_s3, "--api-key", "key", status=1)
    in_one_line(done.stderr.removesuffix("\n"), "not Bucketlink's API; check the address")

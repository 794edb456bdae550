"""What cannot be done is refused in one line that names what to mend, and changes nothing; in two ways in.

The SDK speaks HTTP to a server; the command line works on a data directory of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from bucketlink.cli.names import in_options
from bucketlink.errors import BucketError, InvalidInput, NotAllowed, NotFound
from tests.api.command_line import Inside
from tests.api.server import PRIVATE
from tests.main_job.wrong_input.world import SECRET, World, in_one_line


@dataclass(frozen=True)
class Case:
    """Something wrong that both ways in are asked to do."""

    name: str
    sdk: Callable[[World], object]
    words: Callable[[World], list[str]]
    says: str
    kind: type[Exception]
    status: int = 1


CASES = [
    Case(
        "an unknown bucket",
        lambda world: world.register(s3_bucket_name="no-such-bucket"),
        lambda world: world.registering(bucket="no-such-bucket"),
        "no bucket no-such-bucket at http.*check its name",
        BucketError,
    ),
    Case(
        "a wrong secret",
        lambda world: world.register(s3_secret_key=SECRET),
        lambda world: world.registering(secret_key=SECRET),
        "give the right secret key",
        BucketError,
    ),
    Case(
        "an unknown access key",
        lambda world: world.register(s3_access_key="NOBODY"),
        lambda world: world.registering(access_key="NOBODY"),
        "does not know this access key",
        BucketError,
    ),
    Case(
        "an endpoint that is down",
        lambda world: world.register(s3_endpoint=world.nowhere),
        lambda world: world.registering(endpoint_url=world.nowhere),
        "No connection to http.*check s3Endpoint",
        BucketError,
    ),
    Case(
        "an endpoint that is no S3 server",
        lambda world: world.register(s3_endpoint=world.no_s3),
        lambda world: world.registering(endpoint_url=world.no_s3),
        "check (s3Endpoint|the endpoint)",
        BucketError,
    ),
    Case(
        "an endpoint that is no address",
        lambda world: world.register(s3_endpoint="s3.example.com:port"),
        lambda world: world.registering(endpoint_url="s3.example.com:port"),
        "s3Endpoint.*https://",
        InvalidInput,
    ),
    Case(
        "a folder outside the allowed roots",
        lambda world: world.client.create_cloud_storage_integration("Folder", "x", folder_path="/"),
        lambda _: ["integrations", "add", "--folder", "/"],
        "BUCKETLINK_FOLDER_ROOTS",
        NotAllowed,
    ),
    Case(
        "a folder that does not exist",
        lambda world: world.client.create_cloud_storage_integration(
            "Folder", "x", folder_path=str(world.folder / "gone")
        ),
        lambda world: ["integrations", "add", "--folder", str(world.folder / "gone")],
        "gone",
        BucketError,
    ),
    Case(
        "an integration of another organization",
        lambda world: world.client.add_cloud_storage_connection(world.project, world.foreign),
        lambda world: world.connecting(integration=world.foreign),
        "no integration with the id int.*bucketlink integrations list",
        NotFound,
    ),
    Case(
        "an unknown integration",
        lambda world: world.client.add_cloud_storage_connection(world.project, "int999"),
        lambda world: world.connecting(integration="int999"),
        "no integration with the id int999: bucketlink integrations list",
        NotFound,
    ),
    Case(
        "an unknown project",
        lambda world: world.client.add_cloud_storage_connection("prj999", world.integration),
        lambda world: world.connecting(project="prj999"),
        "no project with the id prj999: bucketlink projects list",
        NotFound,
    ),
    Case(
        "an unknown connection to synchronize",
        lambda world: world.client.synchronize_cloud_storage_connection("con999"),
        lambda _: ["sync", "con999"],
        "no connection with the id con999: bucketlink connections list",
        NotFound,
    ),
    Case(
        "an unknown connection to compute",
        lambda world: world.client.compute_differences("con999"),
        lambda _: ["diff", "con999"],
        "no connection with the id con999: bucketlink connections list",
        NotFound,
    ),
    Case(
        "an unknown connection's runs",
        lambda world: list(world.client.runs("con999")),
        lambda _: ["runs", "con999"],
        "no connection with the id con999: bucketlink connections list",
        NotFound,
    ),
    Case(
        "an unknown run",
        lambda world: world.client.undo("run999"),
        lambda _: ["undo", "run999"],
        "no run with the id run999: bucketlink runs",
        NotFound,
    ),
    Case(
        "a project where a connection belongs",
        lambda world: world.client.synchronize_cloud_storage_connection(world.project),
        lambda world: ["sync", world.project],
        "prj[0-9]+ is the id of a project, not of a connection: bucketlink connections list",
        NotFound,
    ),
    Case(
        "a connection where a run belongs",
        lambda world: world.client.undo(world.connection),
        lambda world: ["undo", world.connection],
        "con[0-9]+ is the id of a connection, not of a run: bucketlink runs",
        NotFound,
    ),
    Case(
        "an integration where a project belongs",
        lambda world: world.client.add_cloud_storage_connection(world.integration, world.integration),
        lambda world: world.connecting(project=world.integration),
        "int[0-9]+ is the id of an integration, not of a project: bucketlink projects list",
        NotFound,
    ),
    Case(
        "a text that can be no id",
        lambda world: world.client.synchronize_cloud_storage_connection("'; DROP TABLE assets\x1b[2J\n"),
        lambda _: ["sync", "'; DROP TABLE assets\x1b[2J\n"],
        "no connection with the id .'; DROP",
        NotFound,
    ),
    Case(
        "a negative number of rows",
        lambda world: world.client.runs(world.connection, first=-1),
        lambda world: ["runs", world.connection, "--limit", "-1"],
        "-1",
        InvalidInput,
        2,
    ),
    Case(
        "an input type that there is not",
        lambda world: world.client.create_project("x", input_type="AUDIO"),
        lambda _: ["projects", "create", "x", "--input-type", "AUDIO"],
        "(?i)'IMAGE', 'VIDEO', 'PDF', 'TEXT'",
        InvalidInput,
        2,
    ),
    Case(
        "a platform that there is not",
        lambda world: world.client.create_cloud_storage_integration("Floppy", "x"),  # type: ignore[arg-type]
        lambda _: ["integrations", "add", "--platform", "Floppy"],
        "(?i)'AWS'.*'CustomS3'.*'Folder'",
        TypeError,
        2,
    ),
    Case(
        "a project without a title",
        lambda world: world.client.create_project(" ", input_type="IMAGE"),
        lambda _: ["projects", "create", " "],
        "title",
        InvalidInput,
    ),
    Case(
        "a key for nobody",
        lambda world: world.client.create_api_key("nobody"),
        lambda _: ["keys", "create", "--email", "nobody"],
        "e-?mail",
        InvalidInput,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_sdk_over_http_refuses_it_and_changes_nothing(served: World, case: Case) -> None:
    before = served.census()
    with pytest.raises(case.kind) as caught:
        case.sdk(served)
    in_one_line(str(caught.value), case.says)
    assert served.census() == before


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_command_line_refuses_it_and_changes_nothing(
    run: Inside, local: World, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in PRIVATE.items():
        monkeypatch.setenv(name, value)
    before = local.census()
    done = run(*case.words(local), "--data-dir", local.data_dir, status=case.status)
    in_one_line(done.stderr.removesuffix("\n"), in_options(case.says))
    assert local.census() == before

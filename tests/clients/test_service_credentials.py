"""Azure with service credentials: the client lists the container and sends the paths, over TLS, at Azure's own name."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.api.server import Server
from tests.clients.conftest import Client
from tests.clients.environments import Can, Environment
from tests.servers import azurite
from tests.servers.azurite import Azurite, Container

HOST = "bucketlink.blob.core.windows.net"
CREATE = "mutation ($data: DataIntegrationData!) { data: createDataIntegration(data: $data) { id } }"
IMAGES = ["bears/1.jpg", "bears/deep/é+%25 2.jpg", "bears/no extension", "cats/3.jpg"]


@pytest.fixture(scope="session")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(ca: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(file)
    return file


@pytest.fixture(scope="session")
def container(ca: trustme.CA, ca_file: Path) -> Iterator[Container]:
    if not azurite.available():
        pytest.skip("Azurite is not installed: tests/servers/install_azurite.sh says why")
    certificate = ca_file.with_name("server.pem")
    ca.issue_cert("127.0.0.1", HOST).private_key_and_cert_chain_pem.write_to_path(certificate)
    secured = Azurite(certificate=certificate, authority=ca.cert_pem.bytes().decode())
    with secured as server, server.container("scans") as made:
        made.put_many(dict.fromkeys(IMAGES, b"x"), content_type="image/jpeg")
        made.put_many(dict.fromkeys(["bears/notes.txt", "bears/clip.mp4"], b"x"), content_type="text/plain")
        yield made


@pytest.fixture(scope="session")
def integration(container: Container, server: Server) -> str:
    data = {
        "name": "service credentials",
        "platform": "Azure",
        "azureConnectionURL": f"https://{HOST}/{container.name}",
        "azureIsUsingServiceCredentials": True,
        "azureAccountKey": container.server.key,
    }
    made: str = server.data(CREATE, {"data": data})["id"]
    return made


def test_synchronizes_a_container_that_the_client_lists(
    client: Client, container: Container, integration: str, ca_file: Path, environment: Environment
) -> None:
    said = client.run(
        "service_credentials",
        integration=integration,
        folders=["bears"],
        ca=str(ca_file),
        host=HOST,
        port=container.server.port,
    )

    # Where names alone are sent, one without an extension has no content type.
    tells_types = Can.TELL_TYPES in environment.can
    told = [key for key in IMAGES if key.startswith("bears/") and (tells_types or key.endswith(".jpg"))]
    assert said["keys"] == sorted(told)
    for state in (said["first"], said["again"]):
        assert (state["numberOfAssets"], state["projectId"]) == (len(told), said["project"])
    assert said["count"] == len(told)

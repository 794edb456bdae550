"""Buckets that cannot be read whatever the credentials are: told apart, on every platform."""

import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from bucketlink.model import Caller
from bucketlink.settings import Settings
from tests.api import taken_azure, taken_gcs, taken_s3
from tests.api.buckets import ACCESS, ACCOUNT_KEY, SECRET, azure, gcs, s3
from tests.api.conftest import Api, open_api
from tests.api.places import in_step, refusal
from tests.api.taken import Fields
from tests.servers.gcs_login import GET, LIST
from tests.servers.pages import Faults, PageServer
from tests.servers.process import free_port

LONG_AGO = "Mon, 01 Jan 2001 00:00:00 GMT"
PLATFORMS: dict[str, Callable[[PageServer], Fields]] = {
    "S3": lambda server: s3(server, s3AccessKey=ACCESS, s3SecretKey=SECRET),
    "GCP": gcs,
    "Azure": lambda server: azure(server, azureAccountKey=ACCOUNT_KEY),
}
FIELDS = {"S3": "s3Endpoint", "GCP": "gcpEndpoint", "Azure": "azureConnectionURL"}
"""What their addresses come from."""


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    api = open_api(Settings(data_dir=tmp_path / "data", allow_private_endpoints=True))
    yield api
    api.home.close()


@pytest.fixture
def server() -> Iterator[PageServer]:
    with PageServer(["a.jpg"]) as pages:
        yield pages


def elsewhere(data: Fields, old: str, new: str) -> Fields:
    """An integration that is the same but for a part of its address."""
    return {name: value.replace(old, new) if isinstance(value, str) else value for name, value in data.items()}


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    ("host", "says"),
    [
        ("127.0.0.1:{port}", r"^No connection to http://127.0.0.1:\d+; check {field}, and that it is up\.$"),
        ("bucketlink.invalid", r"^The host bucketlink.invalid is not known; check the spelling of {field}\.$"),
    ],
    ids=["nobody there", "no such host"],
)
def test_an_address_where_nobody_answers(
    api: Api, caller: Caller, server: PageServer, platform: str, host: str, says: str
) -> None:
    old, new = server.endpoint.removeprefix("http://"), host.format(port=free_port())
    says = says.format(field=FIELDS[platform])
    assert re.search(says, refusal(api, caller, elsewhere(PLATFORMS[platform](server), old, new)))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_server_that_goes_down_later_is_told_and_loses_nothing(api: Api, caller: Caller, platform: str) -> None:
    with PageServer(["a.jpg"]) as server:
        place = in_step(api, caller, PLATFORMS[platform](server))
        before = place.shown()
        port = int(server.endpoint.rpartition(":")[2])

    sentence = place.compute()

    assert sentence == f"No connection to http://127.0.0.1:{port}; check {FIELDS[platform]}, and that it is up."
    # That it is down now and then says nothing against the integration; whoever checks it is told so.
    assert place.status() == ("CONNECTED", None)
    assert place.check() == ("DISCONNECTED", sentence)
    assert place.shown() == before
    with PageServer(["a.jpg", "b.jpg"], port=port):
        assert place.compute() is None
        assert place.status() == ("CONNECTED", None)
        assert place.shown() == (before[0], [("ADD", "b.jpg", None)])


# Certificates


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@contextmanager
def secured(ca: trustme.CA, host: str) -> Iterator[PageServer]:
    """A page server behind TLS, with a certificate for a host."""
    context, pages = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), PageServer(["a.jpg"])
    ca.issue_cert(host).configure_cert(context)
    pages._server.socket = context.wrap_socket(pages._server.socket, server_side=True)
    with pages:
        yield pages


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    ("host", "is_known", "why"),
    [
        ("127.0.0.1", False, "self-signed certificate|unable to get local issuer"),
        ("127.0.0.2", True, "IP address mismatch"),
    ],
    ids=["unknown authority", "another host"],
)
def test_a_certificate_that_cannot_be_verified(
    api: Api,
    caller: Caller,
    ca: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    host: str,
    is_known: bool,
    why: str,
) -> None:
    if is_known:
        ca.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    with secured(ca, host) as server:
        data = elsewhere(PLATFORMS[platform](server), "http://", "https://")
        says = (
            rf"^The certificate of https://127.0.0.1:\d+ cannot be verified: .*({why}).* Mend the certificate, or give"
        )
        assert re.search(says, refusal(api, caller, data))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_server_without_tls_is_asked_by_it(api: Api, caller: Caller, server: PageServer, platform: str) -> None:
    data = elsewhere(PLATFORMS[platform](server), "http://", "https://")
    says = rf"^No secure connection to https://127.0.0.1:\d+; does it speak TLS\? Check {FIELDS[platform]}\.$"
    assert re.search(says, refusal(api, caller, data))


def test_an_authority_of_ones_own_is_given_with_the_integration(api: Api, caller: Caller, ca: trustme.CA) -> None:
    own = ca.cert_pem.bytes().decode()
    with secured(ca, "127.0.0.1") as server:
        data = elsewhere(s3(server), "http://", "https://")
        place = in_step(api, caller, {**data, "s3CaCertificates": own})
        assert place.status() == ("CONNECTED", None)
        assert place.shown()[0].keys() == {"a.jpg"}

        status, reason = place.update(s3CaCertificates=trustme.CA().cert_pem.bytes().decode())
        assert (status, "cannot be verified" in str(reason)) == ("DISCONNECTED", True)
        assert place.update(s3CaCertificates=own) == ("CONNECTED", None)


# Buckets, regions, clocks


def _missing_on_rgw(request: pytest.FixtureRequest) -> Fields:
    on = taken_s3.on_rgw(request)
    return on.data(on.keys, s3BucketName=f"{on.bucket.name}-missing")


def _missing_on_google(request: pytest.FixtureRequest) -> Fields:
    on = taken_gcs.OnGoogle(request)
    return {**on.data(on.login.new_key("reader", LIST, GET)), "gcpBucketName": f"{on.name}-missing"}


def _missing_on_azurite(request: pytest.FixtureRequest) -> Fields:
    on = taken_azure.on_azure(request)
    url = f"{on.container.endpoint}/{on.container.name}-missing"
    return on.data(azureConnectionURL=url, azureAccountKey=on.container.server.key)


MISSING = {
    "S3": (_missing_on_rgw, "There is no bucket taken-.*-missing at .*; check its name"),
    "GCP": (_missing_on_google, "There is no bucket taken-.*-missing at .*; check gcpBucketName"),
    "Azure": (_missing_on_azurite, "There is no container taken-.*-missing at .*; check azureConnectionURL"),
}


@pytest.mark.parametrize("platform", MISSING)
def test_a_bucket_that_there_is_not(request: pytest.FixtureRequest, api: Api, caller: Caller, platform: str) -> None:
    register, says = MISSING[platform]
    assert re.search(says, refusal(api, caller, register(request)))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_bucket_that_is_deleted_disconnects_by_a_run_and_loses_no_asset(
    api: Api, caller: Caller, server: PageServer, platform: str
) -> None:
    place = in_step(api, caller, PLATFORMS[platform](server))
    before = place.shown()
    server.faults = Faults(missing=True)

    sentence = str(place.compute())

    assert sentence.startswith("There is no ")
    assert (place.status(), place.shown()) == (("DISCONNECTED", sentence), before)


@pytest.mark.parametrize("code", ["AuthorizationHeaderMalformed", "IllegalLocationConstraintException"])
def test_a_wrong_region_names_the_right_one(api: Api, caller: Caller, server: PageServer, code: str) -> None:
    server.faults = Faults(status=400, code=code, region="eu-west-3")
    says = "in the region eu-west-3, not in us-east-1; give eu-west-3 as its region .s3Region."
    assert re.search(says, refusal(api, caller, PLATFORMS["S3"](server)))


def test_a_wrong_region_that_nobody_tells_names_the_field(api: Api, caller: Caller, server: PageServer) -> None:
    server.faults = Faults(status=400, code="AuthorizationHeaderMalformed")
    assert re.search("give the bucket's own region as s3Region", refusal(api, caller, PLATFORMS["S3"](server)))


@pytest.mark.parametrize(
    ("platform", "faults"),
    [
        ("S3", Faults(status=403, code="RequestTimeTooSkewed")),
        ("S3", Faults(status=403, code="AccessDenied", date=LONG_AGO)),
        ("S3", Faults(status=403, code="SignatureDoesNotMatch", date=LONG_AGO)),
        ("Azure", Faults(status=403, code="AuthenticationFailed", date=LONG_AGO)),
    ],
)
def test_a_clock_that_is_wrong_is_told_as_that(
    api: Api, caller: Caller, server: PageServer, platform: str, faults: Faults
) -> None:
    server.faults = faults
    says = "this server's clock is wrong; set the clock of Bucketlink's machine"
    assert says in refusal(api, caller, PLATFORMS[platform](server))


def test_a_clock_that_is_wrong_for_google_is_told_as_that(
    request: pytest.FixtureRequest, api: Api, caller: Caller
) -> None:
    on = taken_gcs.OnGoogle(request)
    on.login.skew = 3600.0
    data = on.data(on.login.new_key("reader", LIST, GET))
    assert "the clock of Bucketlink's machine is wrong; set it" in refusal(api, caller, data)

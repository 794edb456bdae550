"""Where requests may go."""

import pytest

from bucketlink.buckets.door import is_public, is_telling
from bucketlink.buckets.reach import Origin
from bucketlink.errors import BucketRefused, BucketUnreachable
from tests.buckets.asking import OK, Names, client, get
from tests.buckets.canned import raw_server


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",  # noqa: S104
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.0.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::10.0.0.1",
        "2002:7f00:1::",
        "2001:db8::1",
        "2001::1",
    ],
)
def test_addresses_of_own_networks_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["52.218.0.1", "8.8.8.8", "2600:1fa0::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "172.32.0.1"]
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "100.100.100.200",
        "fe80::1",
        "fe80::a9fe:a9fe%eth0",
        "fd00:ec2::254",
        "fd20:ce::254",
        "::ffff:169.254.169.254",
        "::169.254.169.254",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::169.254.170.2",
        "2002:a9fe:a9fe::1",
    ],
)
def test_addresses_that_tell_secrets_are_known_in_every_form(address: str) -> None:
    assert is_telling(address)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "100.64.0.1", "::1", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::10.0.0.1"]
)
def test_other_addresses_of_own_networks_tell_none(address: str) -> None:
    assert not is_telling(address)


@pytest.mark.parametrize("allow_private", [True, False])
def test_an_address_that_tells_secrets_is_refused_whatever_is_set(*, allow_private: bool) -> None:
    names = Names(**{"evil.example": ["169.254.169.254"]})
    with (
        client(allow_private=allow_private, names=names) as http,
        pytest.raises(BucketRefused, match=r"evil\.example is a link-local address") as caught,
    ):
        http.send(Origin("http", "evil.example", 80), get, limit=100)
    assert "BUCKETLINK" not in str(caught.value)
    assert names.asked == 1


def test_of_a_hosts_addresses_those_that_tell_secrets_are_passed_over() -> None:
    names = Names(**{"bucket.example": ["169.254.169.254", "127.0.0.1"]})
    with raw_server(OK) as (port, _), client(names=names) as http:
        assert http.send(Origin("http", "bucket.example", port), get, limit=100).status == 200


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_name_that_leads_into_the_own_network_is_refused_before_connecting(scheme: str) -> None:
    names = Names(**{"evil.example": ["127.0.0.1", "169.254.169.254"]})
    with (
        raw_server(OK) as (port, asked),
        client(allow_private=False, names=names) as http,
        pytest.raises(BucketRefused, match="BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS"),
    ):
        http.send(Origin(scheme, "evil.example", port), get, limit=100)
    assert asked == []
    assert names.asked == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "::1", "::ffff:127.0.0.1"])
def test_no_way_to_write_loopback_is_let_through(host: str) -> None:
    with (
        raw_server(OK) as (port, asked),
        client(allow_private=False) as http,
        pytest.raises((BucketRefused, BucketUnreachable)),
    ):
        http.send(Origin("http", host, port), get, limit=100)
    assert asked == []

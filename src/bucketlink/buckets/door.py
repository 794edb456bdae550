"""Which addresses may be connected to: a user's bucket is no way into the server's own network.

The host is looked up here, every address found is looked at, and the connection goes to one of those: what a name
resolves to later does not matter.
"""

import ipaddress
import socket
from typing import Any, Protocol

from urllib3 import exceptions as failures
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from bucketlink.errors import BucketRefused

SETTING = "BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS"
CONNECT_SECONDS = 10.0
NAT64 = ipaddress.ip_network("64:ff9b::/96")
HOLDING_IPV4 = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0/96", "::/96")))
"""Forms of IPv6 that end with an address of IPv4."""
TELLING = tuple(
    map(
        ipaddress.ip_network,
        (
            "169.254.0.0/16",
            "fe80::/10",
            "fd00:ec2::/32",
            "fd20:ce::254/128",
            "fd00:c1::a9fe:a9fe/128",
            "100.100.100.200/32",
            "168.63.129.16/32",
        ),
    )
)
"""Where machines of clouds are told their own secrets: link-local addresses, and those that clouds use like them."""

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class Resolve(Protocol):
    """Looks a host up; the shape of `socket.getaddrinfo`."""

    def __call__(self, host: str, port: int, *, type: socket.SocketKind) -> list[Any]:  # noqa: A002
        """Family, kind, protocol, canonical name and address of each place where the host may be."""
        ...


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet, whatever form it hides in."""
    ip: IPAddress = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in NAT64 else ip.ipv4_mapped or ip.sixtofour
        ip = inner or ip
    if isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local:
        return False
    refused = (
        ip.is_loopback,
        ip.is_link_local,
        ip.is_private,
        ip.is_reserved,
        ip.is_multicast,
        ip.is_unspecified,
        not ip.is_global,
    )
    return not any(refused)


def is_telling(address: str) -> bool:
    """Whether an IP address is one of `TELLING`, whatever form it hides in: no bucket is there, and much to be had."""
    ip: IPAddress = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        holds = any(ip in network for network in HOLDING_IPV4)
        ip = (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if holds else ip.sixtofour) or ip
    return any(ip in network for network in TELLING)


class Door:
    """Connects to addresses that were looked at, and to no others."""

    def __init__(self, resolve: Resolve, *, allow_private: bool) -> None:
        self._resolve = resolve
        self._allow_private = allow_private

    def connect(self, connection: HTTPConnection) -> socket.socket:
        """Connect to the first of the host's addresses that may be and can be connected to."""
        host, port = connection.host, connection.port
        try:
            found = self._resolve(host, port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise failures.NameResolutionError(host, connection, error) from error
        except UnicodeError as error:
            raise failures.NewConnectionError(connection, "not a host name") from error
        possible = [entry for entry in found if not is_telling(entry[4][0])]
        if found and not possible:
            raise BucketRefused(
                f"{host} is a link-local address, or one by which a cloud tells machines their secrets. No bucket is "
                "read there, whatever this server's settings are; give the bucket's own address."
            )
        allowed = [entry for entry in possible if self._allow_private or is_public(entry[4][0])]
        if not allowed:
            raise BucketRefused(
                f"{host} is at a private address of this server's network, where buckets are not read. "
                f"If they should be: export {SETTING}=true (where Bucketlink runs)."
            )
        lost: failures.HTTPError = failures.NewConnectionError(connection, "no address")
        for family, kind, protocol, _, address in allowed:
            try:
                return _connected(connection, socket.socket(family, kind, protocol), address)
            except TimeoutError:
                lost = failures.ConnectTimeoutError(connection, "no connection in time")
            except OSError:
                lost = failures.NewConnectionError(connection, "no connection")
        raise lost


def _connected(connection: HTTPConnection, sock: socket.socket, address: tuple[str | int, ...]) -> socket.socket:
    try:
        for option in connection.socket_options or ():
            sock.setsockopt(*option)
        sock.settimeout(CONNECT_SECONDS)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


class _Connection(HTTPConnection):
    def __init__(self, *args: Any, door: Door, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        self._door = door

    def _new_conn(self) -> socket.socket:
        return self._door.connect(self)


class _SecureConnection(HTTPSConnection):
    def __init__(self, *args: Any, door: Door, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        self._door = door

    def _new_conn(self) -> socket.socket:
        return self._door.connect(self)


class Pool(HTTPConnectionPool):
    """Connections to one host."""

    ConnectionCls = _Connection


class SecurePool(HTTPSConnectionPool):
    """Connections to one host, by TLS."""

    ConnectionCls = _SecureConnection

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
        allowed = [entry for entry in found if self._allow_private or is_public(entry[4][0])]
        if not allowed:
            raise BucketRefused(
                f"{host} is at a private address of this server's network, where buckets are not read. "
                f"If it should be, its operator sets {SETTING}=true."
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

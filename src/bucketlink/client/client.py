"""The client: where it connects to, and everything it can do."""

import os
from collections.abc import Iterable
from types import TracebackType
from typing import NoReturn, Self

from bucketlink.client.assets.assets import Assets
from bucketlink.client.checks import checked
from bucketlink.client.connections.connections import Connections
from bucketlink.client.connections.history import History
from bucketlink.client.connections.waiting import Waiting
from bucketlink.client.graphql.wire import Transport, Wire
from bucketlink.client.organization.accounts import Accounts
from bucketlink.client.organization.api_keys import ApiKeys
from bucketlink.client.organization.integrations import Integrations
from bucketlink.client.projects.members import Members
from bucketlink.client.projects.projects import Projects
from bucketlink.errors import InvalidInput, NotAuthenticated, ServerError

API_KEY = "BUCKETLINK_API_KEY"
API_ENDPOINT = "BUCKETLINK_API_ENDPOINT"


class Client(Integrations, Connections, History, Waiting, Projects, Members, Assets, Accounts, ApiKeys):
    """Speaks to a Bucketlink, over HTTP or in process. A context manager; otherwise `close` it when done.

    Threads may share one. It cannot be pickled or copied. In a forked child, one over HTTP opens connections of its
    own, and an embedded one refuses to work: open another there. What is not closed is closed when Python ends.

    Example:
        >>> with Client() as client:  # doctest: +SKIP
        ...     client.synchronize_cloud_storage_connection("12")
        {'id': '12', 'numberOfAssets': 5108, 'projectId': '3'}

    """

    _wire: Wire
    _where: str

    @checked
    def __init__(self, api_key: str | None = None, api_endpoint: str | None = None, verify: bool | str = True) -> None:
        """Connect to a server, and make sure that it is one and accepts the key.

        Args:
            api_key: as ``bucketlink keys create`` prints it; None takes ``BUCKETLINK_API_KEY`` of the
                environment.
            api_endpoint: the server, as ``http://localhost:8000`` or with the path
                ``…/api/label/v2/graphql``; None takes ``BUCKETLINK_API_ENDPOINT``.
            verify: whether to check the server's TLS certificate, or the path of the CA bundle to check it
                with.

        Raises:
            InvalidInput: no endpoint, or none that can be one.
            NotAuthenticated: no key, or one that the server refuses.
            ServerError: no answer, or none of such a server.

        """
        from bucketlink.client.graphql.transport import HttpTransport, endpoint_of  # noqa: PLC0415 - loads httpx2

        key = api_key or os.environ.get(API_KEY)
        endpoint = api_endpoint or os.environ.get(API_ENDPOINT)
        if not endpoint:
            raise InvalidInput(
                f"No server is given: pass api_endpoint, or set {API_ENDPOINT}; Client.embedded(path) needs none."
            )
        endpoint_of(endpoint)
        if not key:
            raise NotAuthenticated(
                f"No API key is given: pass api_key or set {API_KEY}. `bucketlink keys create` makes one."
            )
        transport = HttpTransport(endpoint, key, verify=verify)
        self._open(transport, transport.endpoint)
        try:
            self._identify()
        except BaseException:
            self.close()
            raise

    @classmethod
    @checked
    def embedded(cls, path: str | os.PathLike[str], *, folder_roots: Iterable[str | os.PathLike[str]] = ()) -> Self:
        """Run Bucketlink in this very process, on a data directory, as its administrator.

        Several processes may share a directory; jobs left unfinished go on when it is opened again.

        Args:
            path: the data directory; it is made if there is none.
            folder_roots: directories that integrations of platform Folder may read from now on.

        Raises:
            DataDirectoryError: the directory, or its database, cannot be used.
            SealingError: the key is gone by which its credentials are sealed.
            InvalidInput: a variable of the environment holds no such setting.

        Example:
            >>> with Client.embedded("~/bucketlink-data", folder_roots=["~/Pictures"]) as client:  # doctest: +SKIP
            ...     client.create_cloud_storage_integration("Folder", "mine", folder_path="/home/ana/Pictures")["id"]
            'int1'

        """
        from pathlib import Path  # noqa: PLC0415 - these load the whole application

        from bucketlink.api.local import LocalApi  # noqa: PLC0415
        from bucketlink.settings import read_settings  # noqa: PLC0415

        settings = read_settings(data_dir=Path(path))
        for root in folder_roots:
            settings.allow_root(Path(root))
        client = cls.__new__(cls)
        client._open(LocalApi(settings), str(path))  # noqa: SLF001 - it is our own
        return client

    def _open(self, transport: Transport, where: str) -> None:
        self._wire = Wire(transport)
        self._where = where

    def _identify(self) -> None:
        try:
            user = self._wire.ask("{ data: viewer { id email } }")
        except InvalidInput:
            user = self._wire.ask("{ data: me { id email } }")
        if user is None:
            raise NotAuthenticated(f"The server at {self._where} does not know this API key.")
        if not isinstance(user, dict) or not user.keys() >= {"id", "email"}:
            raise ServerError(f"What answers at {self._where} is no Bucketlink server; check the address.")

    @property
    def wire(self) -> Wire:
        """What this client sends its operations through, for those that have no method."""
        return self._wire

    def close(self) -> None:
        """Close connections; an embedded Bucketlink stops, and unfinished jobs wait for the next one.

        Whoever leaves the client's ``with`` block need not call it.

        Example:
            >>> client.close()  # doctest: +SKIP

        """
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        # TypeError is what pickle and copy expect.
        raise TypeError(
            f"A {type(self).__name__} cannot be pickled or copied, as it holds a key and connections: open one in each "
            "process."
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._where!r})"

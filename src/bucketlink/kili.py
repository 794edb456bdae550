"""The client under the name that scripts written for ``kili`` use.

Such a script runs unchanged but for one line: ``from bucketlink.kili import Kili``.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, NoReturn

from bucketlink.client.checks import checked
from bucketlink.client.client import API_ENDPOINT, API_KEY, Client
from bucketlink.client.connections import synchronize
from bucketlink.client.log import sentences_shown
from bucketlink.client.storages.missing import missing
from bucketlink.client.storages.storages import Storages
from bucketlink.client.types import Observer, SummaryRow, SynchronizedConnection
from bucketlink.errors import InvalidInput, NotAuthenticated

KILI_API_KEY = "KILI_API_KEY"
KILI_API_ENDPOINT = "KILI_API_ENDPOINT"
KILI_VERIFY = "KILI_VERIFY"
KILI_DISABLE_TQDM = "KILI_DISABLE_TQDM"
_YES = frozenset({"true", "1", "yes"})
_NO = frozenset({"false", "0", "no"})


class KiliSynchronizedConnection(SynchronizedConnection):
    """A connection after synchronizing, with what is left to do."""

    isChecking: bool  # noqa: N815 - the wire's name
    """Whether differences are being computed: False by then."""
    dataDifferencesSummary: SummaryRow  # noqa: N815
    """The differences that are left."""


class Kili(Client):
    """A `Client` that is opened as scripts open theirs. A context manager; otherwise `close` it when done.

    Methods that Bucketlink does not have (labels, issues, plugins…) raise `NoSuchMethod` when they are looked up.

    Example:
        >>> kili = Kili("bl_…", "http://localhost:8000")  # doctest: +SKIP
        >>> kili.cloud_storage_connections(project_id="3")  # doctest: +SKIP
        [{'id': '12', 'lastChecked': '2026-01-31T12:00:00.000000Z', 'numberOfAssets': 5108, …}]

    """

    _more_connection_fields: ClassVar[tuple[str, ...]] = ("lastCheck", "isJsonProcessingEnabled")

    @checked
    def __init__(
        self,
        api_key: str | None = None,
        api_endpoint: str | None = None,
        verify: bool | str | None = None,
        client_name: object = None,
        graphql_client_params: Mapping[str, object] | None = None,
        disable_tqdm: bool | None = None,
        disable_request_compression: bool | None = None,
    ) -> None:
        """Connect to a Bucketlink server, and make sure that it is one and accepts the key.

        Args:
            api_key: as ``bucketlink keys create`` prints it; None takes ``KILI_API_KEY`` of the environment, or
                ``BUCKETLINK_API_KEY``.
            api_endpoint: the server, as ``http://localhost:8000`` or with the path ``…/api/label/v2/graphql``;
                None takes ``KILI_API_ENDPOINT``, or ``BUCKETLINK_API_ENDPOINT``. There is no other default.
            verify: whether to check the server's TLS certificate, or the path of the CA bundle to check it with;
                None takes ``KILI_VERIFY`` (true, false, or such a path), or True.
            client_name: without effect.
            graphql_client_params: without effect, as no schema is kept on disk.
            disable_tqdm: True for no progress bars where a call does not say otherwise; None takes
                ``KILI_DISABLE_TQDM``, or bars on terminals only.
            disable_request_compression: without effect, as requests are not compressed.

        Raises:
            InvalidInput: no endpoint, or none that can be one.
            NotAuthenticated: no key, or one that the server refuses.
            ServerError: no answer, or none of such a server.

        """
        del client_name, graphql_client_params, disable_request_compression
        key = api_key or os.environ.get(KILI_API_KEY) or os.environ.get(API_KEY)
        endpoint = api_endpoint or os.environ.get(KILI_API_ENDPOINT) or os.environ.get(API_ENDPOINT)
        if not endpoint:
            raise InvalidInput(
                f"No server is given: pass api_endpoint, or set {KILI_API_ENDPOINT} to the address of a Bucketlink."
            )
        if not key:
            raise NotAuthenticated(
                f"No API key is given: pass api_key or set {KILI_API_KEY}. `bucketlink keys create` makes one."
            )
        super().__init__(key, endpoint, _verify_of_environment() if verify is None else verify)
        bars = os.environ.get(KILI_DISABLE_TQDM)
        self._wire.disable_tqdm = bars.strip().lower() in _YES if disable_tqdm is None and bars else disable_tqdm

    @property
    def storages(self) -> Storages:
        """The cloud storage methods by their newer names: ``storages.integrations`` and ``storages.connections``."""
        return Storages(self)

    @property
    def api_endpoint(self) -> str:
        """The address of the server, or the data directory."""
        return self._where

    @property
    def disable_tqdm(self) -> bool | None:
        """Whether calls draw no progress bars unless they say otherwise; None for bars on terminals only."""
        return self._wire.disable_tqdm

    @property
    def internal(self) -> "Internal":
        """The methods about API keys, where scripts look for them."""
        return Internal(self)

    @checked
    def synchronize_cloud_storage_connection(
        self,
        cloud_storage_connection_id: str,
        delete_extraneous_files: bool = False,
        dry_run: bool = False,
        *,
        force: bool = False,
        max_delete: int | None = None,
        apply_changed: bool = True,
        progress: bool | Observer | None = None,
    ) -> KiliSynchronizedConnection:
        """Synchronize as `Client.synchronize_cloud_storage_connection`.

        What is found and done shows on standard error too, in a program that has not set up logging itself.

        Returns:
            What that answers, and ``isChecking`` and ``dataDifferencesSummary``, which scripts of some ages read.

        """
        with sentences_shown():
            done = super().synchronize_cloud_storage_connection(
                cloud_storage_connection_id,
                delete_extraneous_files,
                dry_run,
                force=force,
                max_delete=max_delete,
                apply_changed=apply_changed,
                progress=progress,
            )
            left = synchronize.left(self._wire, cloud_storage_connection_id)
        return {**done, "isChecking": False, "dataDifferencesSummary": left}

    if not TYPE_CHECKING:  # a type checker reports an unknown name itself

        def __getattr__(self, name: str) -> NoReturn:
            raise missing(type(self), name)


class Internal:
    """Methods that scripts find in ``kili.internal``; those of `Client` by the same names."""

    def __init__(self, client: Client) -> None:
        self.api_keys = client.api_keys
        self.count_api_keys = client.count_api_keys

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise missing(Kili, name, asked="internal.")


def _verify_of_environment() -> bool | str:
    given = os.environ.get(KILI_VERIFY, "").strip()
    if not given or given.lower() in _YES:
        return True
    return False if given.lower() in _NO else given

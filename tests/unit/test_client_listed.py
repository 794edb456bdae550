"""What the client needs to list a container itself."""

import sys

import pytest

from bucketlink.client.connections.listed import _open
from bucketlink.errors import InvalidInput

URL = "https://acme.blob.core.windows.net/scans"
SAS = "sv=2024-11-04&sp=rl&sr=c&se=2099-01-01T00:00:00Z&sig=x%3D"


def test_without_a_token_the_extra_for_azure_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure.identity", None)
    with pytest.raises(InvalidInput, match=r"pip install 'bucketlink\[azure\]'"):
        _open({"azureConnectionURL": URL, "azureSASToken": None})


def test_with_a_token_nothing_more_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure.identity", None)
    _open({"azureConnectionURL": URL, "azureSASToken": SAS}).close()


def test_without_an_address_there_is_nothing_to_list() -> None:
    with pytest.raises(InvalidInput, match="azureConnectionURL"):
        _open({"azureConnectionURL": None, "azureSASToken": SAS})

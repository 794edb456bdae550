"""Where an Azure container is, from what users have and paste."""

import pytest

from bucketlink.buckets.azure_address import EMULATOR, EMULATOR_KEY, place, split_connection_string, split_url
from bucketlink.errors import InvalidInput
from bucketlink.model import BucketAddress, Platform

SIG = "sv=2022-11-02&ss=b&sig=hunter2%2Bx%3D"
KEY = "aHVudGVyMg=="


def at(endpoint: str | None, container: str = "photos") -> BucketAddress:
    return BucketAddress(Platform.AZURE, container, endpoint)


@pytest.mark.parametrize(
    ("endpoint", "origin", "path", "account"),
    [
        ("https://pets.blob.core.windows.net", "https://pets.blob.core.windows.net", "/photos", "pets"),
        ("https://PETS.blob.core.windows.net/", "https://pets.blob.core.windows.net", "/photos", "pets"),
        ("https://pets.blob.core.chinacloudapi.cn", "https://pets.blob.core.chinacloudapi.cn", "/photos", "pets"),
        ("https://pets.blob.core.usgovcloudapi.net", "https://pets.blob.core.usgovcloudapi.net", "/photos", "pets"),
        ("https://pets.z1.blob.storage.azure.net", "https://pets.z1.blob.storage.azure.net", "/photos", "pets"),
        ("https://pets.dfs.core.windows.net", "https://pets.blob.core.windows.net", "/photos", "pets"),
        ("https://pets.privatelink.blob.core.windows.net", None, "/photos", "pets"),
        ("https://pets-secondary.blob.core.windows.net", None, "/photos", "pets"),
        ("https://pets.blob.stack.example.com:8443", None, "/photos", "pets"),
        ("http://127.0.0.1:10000/devstoreaccount1", "http://127.0.0.1:10000", "/devstoreaccount1/photos", None),
        ("http://localhost:10000/devstoreaccount1/", "http://localhost:10000", "/devstoreaccount1/photos", None),
        ("http://[::1]:10000/devstoreaccount1", "http://[::1]:10000", "/devstoreaccount1/photos", None),
        ("https://azurite.example.com/pets", "https://azurite.example.com", "/pets/photos", "pets"),
    ],
)
def test_requests_go_to_the_place_of_the_container(
    endpoint: str, origin: str | None, path: str, account: str | None
) -> None:
    found = place(at(endpoint))
    assert (str(found.origin), found.path) == (origin or endpoint, path)
    assert found.account == (account or "devstoreaccount1")


@pytest.mark.parametrize("container", ["abc", "a-b-c", "123", "$root", "$web", "a" * 63])
def test_containers_are_named_as_in_azure(container: str) -> None:
    assert place(at("https://pets.blob.core.windows.net", container)).container == container


@pytest.mark.parametrize(
    "container", ["", "ab", "a" * 64, "Photos", "a--b", "-ab", "ab-", "a_b", "a/b", "..", "abc\n", "$other", "a.b"]
)
def test_other_names_are_no_containers(container: str) -> None:
    with pytest.raises(InvalidInput, match="container"):
        place(at("https://pets.blob.core.windows.net", container))


@pytest.mark.parametrize(
    "endpoint",
    [
        None,
        "",
        "pets.blob.core.windows.net",
        "ftp://pets.blob.core.windows.net",
        "https://",
        "https://user:hunter2@pets.blob.core.windows.net",
        "https://pets.blob.core.windows.net/photos",
        "https://pets.blob.core.windows.net?sig=hunter2",
        "https://pets.blob.core.windows.net#x",
        "https://pets.blob.core.windows.net:0",
        "https://pets.blob.core.windows.net:99999",
        "https://pets.blob.core.windows.net\\@evil.com",
        "https://pe ts.blob.core.windows.net",
        "https://pets.blob.core.windows.net\r\nHost: evil",
        "https://p\u00e9ts.blob.core.windows.net",
        "http://127.0.0.1:10000",
        "http://localhost:10000",
        "http://[::1",
        "http://127.0.0.1:10000/devstoreaccount1/photos",
        "http://127.0.0.1:10000/..",
        "http://127.0.0.1:10000/a%2Fb",
    ],
)
def test_an_account_url_that_cannot_be_meant_is_invalid(endpoint: str | None) -> None:
    with pytest.raises(InvalidInput, match=r"storage account|URL") as caught:
        place(at(endpoint))
    assert "hunter2" not in str(caught.value)


ACCOUNT = "https://pets.blob.core.windows.net"


@pytest.mark.parametrize(
    ("pasted", "endpoint", "container", "sas"),
    [
        (f"{ACCOUNT}/photos", ACCOUNT, "photos", None),
        (f" {ACCOUNT}/photos/\n", ACCOUNT, "photos", None),
        (f"{ACCOUNT}/photos?{SIG}", ACCOUNT, "photos", SIG),
        (f"{ACCOUNT}/photos/?restype=container&comp=list&{SIG}", ACCOUNT, "photos", SIG),
        (f"{ACCOUNT}/%24root?{SIG}", ACCOUNT, "$root", SIG),
        (ACCOUNT, ACCOUNT, None, None),
        (f"{ACCOUNT}/?{SIG}", ACCOUNT, None, SIG),
        ("https://pets.dfs.core.windows.net/photos", ACCOUNT, "photos", None),
        ("https://pets.z1.blob.storage.azure.net/photos", "https://pets.z1.blob.storage.azure.net", "photos", None),
        ("https://files.example.com/photos", "https://files.example.com", "photos", None),
        ("https://files.example.com/pets/photos", "https://files.example.com/pets", "photos", None),
        (f"{EMULATOR}/photos?{SIG}", EMULATOR, "photos", SIG),
        (EMULATOR, EMULATOR, None, None),
        ("http://azurite:10000/pets/photos", "http://azurite:10000/pets", "photos", None),
    ],
)
def test_a_pasted_url_is_taken_apart(pasted: str, endpoint: str, container: str | None, sas: str | None) -> None:
    assert split_url(pasted) == (endpoint, container, sas)
    place(at(endpoint, container or "photos"))


@pytest.mark.parametrize(
    "pasted",
    [
        "",
        "hunter2",
        f"{ACCOUNT}/hunter2/folder/a.jpg?{SIG}",
        f"{ACCOUNT}/Hunter2",
        f"{ACCOUNT}/photos?hunter2=1",
        f"https://hunter2@pets.blob.core.windows.net/photos?{SIG}",
        f"{ACCOUNT}/photos#{SIG}",
        "http://127.0.0.1:10000/",
        f"http://127.0.0.1:10000/pets/photos/hunter2?{SIG}",
        f"http://127.0.0.1:10000/hunter2%0A/photos?{SIG}",
        f"wasbs://photos@pets.blob.core.windows.net/?{SIG}",
    ],
)
def test_a_pasted_url_that_is_none_is_not_quoted(pasted: str) -> None:
    with pytest.raises(InvalidInput, match=r"^azureConnectionURL must be") as caught:
        split_url(pasted)
    assert "hunter2" not in str(caught.value).lower()


@pytest.mark.parametrize(
    ("pasted", "endpoint", "key", "sas"),
    [
        (
            f"DefaultEndpointsProtocol=https;AccountName=pets;AccountKey={KEY};EndpointSuffix=core.windows.net",
            ACCOUNT,
            KEY,
            None,
        ),
        (f"AccountName=pets;AccountKey={KEY};", ACCOUNT, KEY, None),
        (
            f"AccountName=pets;AccountKey={KEY};EndpointSuffix=core.chinacloudapi.cn",
            "https://pets.blob.core.chinacloudapi.cn",
            KEY,
            None,
        ),
        (f"BlobEndpoint={ACCOUNT}/;SharedAccessSignature=?{SIG}", ACCOUNT, None, SIG),
        (f"accountname=pets; sharedaccesssignature={SIG}", ACCOUNT, None, SIG),
        (
            f"AccountName=devstoreaccount1;AccountKey={KEY};BlobEndpoint={EMULATOR};QueueEndpoint={EMULATOR}",
            EMULATOR,
            KEY,
            None,
        ),
        ("UseDevelopmentStorage=true", EMULATOR, EMULATOR_KEY, None),
    ],
)
def test_a_connection_string_is_taken_apart(pasted: str, endpoint: str, key: str | None, sas: str | None) -> None:
    assert split_connection_string(pasted) == (endpoint, key, sas)


@pytest.mark.parametrize(
    "pasted",
    [
        "",
        "hunter2",
        f"AccountKey={KEY}",
        "AccountName=;AccountKey=hunter2",
        "AccountName=hunter2 x;AccountKey=hunter2",
        "AccountName=pets;AccountName=pets;AccountKey=hunter2",
        "AccountName=pets;AccountKey=hunter2;BlobEndpoint=https://files.example.com",
        "AccountName=pets;AccountKey=hunter2;BlobEndpoint=https://hunter2@pets.blob.core.windows.net",
        f"BlobEndpoint={ACCOUNT}/photos;SharedAccessSignature=hunter2",
    ],
)
def test_a_connection_string_that_is_none_is_not_quoted(pasted: str) -> None:
    with pytest.raises(InvalidInput, match=r"^azureConnectionString must be") as caught:
        split_connection_string(pasted)
    assert "hunter2" not in str(caught.value)

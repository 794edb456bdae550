"""Credentials of Azure that cannot be meant or are refused, and errors told by status and name alone."""

import time
from email.utils import formatdate

import pytest

from bucketlink.buckets.azure_address import place
from bucketlink.buckets.azure_errors import Means, explained, signing_in
from bucketlink.buckets.azure_sas import fault, plain
from bucketlink.buckets.http import Answer
from bucketlink.errors import BucketError, BucketMisbehaved, BucketNotFound, BucketRefused, InvalidInput
from bucketlink.model import Access, Credentials, Platform
from tests.buckets.azure_holders import CLOUD, azure_reader


@pytest.mark.parametrize(
    ("credentials", "access"),
    [
        (Credentials("access", "secret"), Access()),
        (Credentials(account_key="a2V5", sas_token="sv=1&sig=2"), Access()),
        (Credentials(account_key="not Base64!"), Access()),
        (Credentials(account_key="="), Access()),
        (Credentials(sas_token="https://pets.blob.core.windows.net/photos?sig=x"), Access()),
        (Credentials(sas_token="sv=1&se=2"), Access()),
        (Credentials(sas_token="sv=1&sig=2\r\nHost: evil"), Access()),
        (Credentials(sas_token="sv=1&sig=2#"), Access()),
        (Credentials(client_secret="secret"), Access()),
        (Credentials(account_key="a2V5"), Access(server_identity=True)),
    ],
)
def test_credentials_that_cannot_be_meant_are_invalid(credentials: Credentials, access: Access) -> None:
    with pytest.raises(InvalidInput):
        azure_reader(CLOUD.endpoint or "", "photos", credentials, access=access, server_identities=(Platform.AZURE,))


def test_what_is_percent_encoded_in_a_sas_token_stays_so() -> None:
    assert plain(" ?sv=1&sig=a%2bB%2F%3d\n") == "sv=1&sig=a%2bB%2F%3d"


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("se=2020-01-01&sig=x", "has expired on 2020-01-01"),
        ("se=2020-01-01T10%3A20Z&sig=x", "has expired on 2020-01-01"),
        ("se=2020-01-01T10%3A20%3A30.1234567Z&sig=x", "has expired on 2020-01-01"),
        ("st=2999-01-01T10%3A20%3A30Z&se=2999-01-02&sig=x", "not valid before 2999-01-01 10:20 UTC"),
        ("ss=qf&srt=co&sp=rl&se=2999-01-01&sig=x", "for other services"),
        ("ss=bq&srt=so&sp=rl&se=2999-01-01&sig=x", "does not hold for containers"),
        ("sr=c&sp=racwd&se=2999-01-01&sig=x", "does not permit listing"),
        ("sr=bs&sp=r&se=2999-01-01&sig=x", "for one blob only"),
        ("sr=c&sp=rl&se=2999-01-01&sig=x", None),
        ("sr=d&sp=rl&se=2999-01-01&sig=x", None),
        ("sr=c&si=policy&sig=x", None),
        ("se=nonsense&sig=x", None),
    ],
)
def test_a_sas_token_tells_what_is_wrong_with_it(token: str, says: str | None) -> None:
    found = fault(token, place(CLOUD))
    assert found is None if says is None else says in (found or "")


@pytest.mark.parametrize(
    ("status", "code", "means", "error", "says"),
    [
        (404, "ContainerNotFound", Means.ACCOUNT_KEY, BucketNotFound, "no container photos at https://pets"),
        (404, "ResourceNotFound", Means.ACCOUNT_KEY, BucketNotFound, "no container photos"),
        (404, "ResourceNotFound", Means.NOTHING, BucketRefused, "shows no container photos to everybody"),
        (409, "PublicAccessNotPermitted", Means.NOTHING, BucketRefused, "without credentials"),
        (401, "NoAuthenticationInformation", Means.NOTHING, BucketRefused, "give credentials"),
        (
            403,
            "AuthenticationFailed",
            Means.ACCOUNT_KEY,
            BucketRefused,
            "azureAccountKey is no key of the account pets",
        ),
        (403, "AuthenticationFailed", Means.SAS, BucketRefused, "does not accept azureSASToken"),
        (401, "InvalidAuthenticationInfo", Means.PRINCIPAL, BucketRefused, "azureTenantId must be the tenant"),
        (403, "AuthorizationFailure", Means.ACCOUNT_KEY, BucketRefused, "network rules of the account pets"),
        (403, "AuthorizationPermissionMismatch", Means.SAS, BucketRefused, r"read and list \(rl\)\.$"),
        (403, "AuthorizationPermissionMismatch", Means.PRINCIPAL, BucketRefused, "Storage Blob Data Reader"),
        (403, "AuthorizationSourceIPMismatch", Means.SAS, BucketRefused, "other addresses"),
        (403, "AuthorizationProtocolMismatch", Means.SAS, BucketRefused, "https alone"),
        (403, "AccountIsDisabled", Means.ACCOUNT_KEY, BucketRefused, "has disabled the account pets"),
        (403, "KeyBasedAuthenticationNotPermitted", Means.ACCOUNT_KEY, BucketRefused, "azureClientSecret"),
        (409, "ContainerBeingDeleted", Means.SAS, BucketRefused, "is deleting the container photos"),
        (403, "SomethingNew", Means.IDENTITY, BucketRefused, r"\(SomethingNew\)$"),
        (403, None, Means.NOTHING, BucketRefused, "does not let everybody"),
        (418, "SomethingNew", Means.SAS, BucketMisbehaved, "418 SomethingNew"),
        (302, None, Means.SAS, BucketMisbehaved, "points elsewhere"),
        (404, None, Means.SAS, BucketMisbehaved, "is not Azure Blob Storage"),
        (400, "hunter 2", Means.SAS, BucketMisbehaved, "status 400"),
    ],
)
def test_an_error_is_told_by_its_status_and_name_alone(
    status: int, code: str | None, means: Means, error: type[BucketError], says: str
) -> None:
    headers = {"x-ms-error-code": code} if code else {}
    found = explained(Answer(status, headers, b"<Error><Message>hunter2</Message></Error>"), place(CLOUD), means)
    with pytest.raises(error, match=says):
        raise found
    assert "hunter" not in str(found)


def test_a_wrong_clock_is_told_from_a_wrong_key() -> None:
    answer = Answer(
        403, {"x-ms-error-code": "AuthenticationFailed", "date": formatdate(time.time() + 3600, usegmt=True)}, b""
    )
    assert "clock" in str(explained(answer, place(CLOUD), Means.ACCOUNT_KEY))
    assert "clock" not in str(explained(answer, place(CLOUD), Means.SAS))


@pytest.mark.parametrize(
    ("message", "means", "says"),
    [
        ("AADSTS7000222: hunter2", Means.PRINCIPAL, "azureClientSecret has expired"),
        ("AADSTS900023: hunter2", Means.PRINCIPAL, "no tenant azureTenantId"),
        ("AADSTS123456: hunter2", Means.PRINCIPAL, r"cannot sign in \(AADSTS123456\); check azureTenantId"),
        ("hunter2", Means.PRINCIPAL, "check azureTenantId, azureClientId and azureClientSecret"),
        ("hunter2", Means.IDENTITY, "this machine has none"),
    ],
)
def test_who_cannot_sign_in_is_told_by_a_number_alone(message: str, means: Means, says: str) -> None:
    found = signing_in(message, means)
    with pytest.raises(BucketRefused, match=says):
        raise found
    assert "hunter" not in str(found)

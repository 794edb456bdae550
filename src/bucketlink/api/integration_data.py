"""What a client sends of an integration, as nouns: which bucket, how it is reached, and what opens it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bucketlink.buckets.azure_address import split_connection_string, split_url
from bucketlink.errors import InvalidInput
from bucketlink.model import Access, BucketAddress, Credentials, Integration, Platform

Data = Mapping[str, Any]

SECRETS = {
    "s3AccessKey": "access_key",
    "s3SecretKey": "secret_key",
    "s3SessionToken": "session_token",
    "azureSASToken": "sas_token",
    "azureAccountKey": "account_key",
    "azureClientSecret": "client_secret",
    "gcpServiceAccountKey": "service_account_key",
}
"""Fields that are sealed and never answered, by what they are of `Credentials`."""
CONNECTION_STRING = "azureConnectionString"
"""Holds an address and a secret, and is taken apart at once."""
STYLES = {"path": False, "virtual": True}
"""Values of s3AddressingStyle, and whether the bucket is then a part of the host's name."""

S3_SECRETS = ("s3AccessKey", "s3SecretKey", "s3SessionToken")
_OF_BUCKETS = ("aws", "azure", "gcp", "s3")
_ON_S3 = {Platform.AWS, Platform.CUSTOM_S3}
_PLATFORMS = {
    "awsAccessPointARN": {Platform.AWS},
    "awsRole": _ON_S3,
    "azure": {Platform.AZURE},
    "gcp": {Platform.GCP},
    "s3AddressingStyle": {Platform.CUSTOM_S3},
    "s3CaCertificates": {Platform.CUSTOM_S3},
    "s3RequesterPays": {Platform.AWS},
    "s3": _ON_S3,
    "folder": {Platform.FOLDER},
    "usesServerIdentity": {Platform.GCP, Platform.AZURE},
}
"""Where fields belong whose names start so; the first that fits counts."""
_SAS_AND_MORE = "azureConnectionURL holds a SAS token, and another secret is given too: give one of them."


@dataclass(frozen=True, slots=True)
class Way:
    """Which bucket, how it is reached, and what opens it."""

    address: BucketAddress
    access: Access
    credentials: Credentials


def new_way(platform: Platform, data: Data, external_id: str) -> Way:
    """The way into a bucket that is registered by an organization of this external id; raises InvalidInput."""
    _check_platform(platform, data)
    return _way(platform, _taken_apart(data), external_id)


def changed_way(before: Integration, stored: Credentials, sent: Data) -> Way:
    """The way into an integration's bucket after a change; ``sent`` is without what is not given.

    Of S3's secrets those that are not given stay, save a session token that belonged to another access key. On other
    platforms, and where the server's own identity is asked for, what is given takes the place of all that was there.

    Raises:
        InvalidInput: it cannot be meant, or a secret that stays would be shown to whom it was not meant for.

    """
    platform = Platform(sent.get("platform", before.address.platform))
    _check_platform(platform, sent)
    on_azure = before.address.platform is Platform.AZURE
    given = _taken_apart(sent, container_before=before.address.bucket if on_azure else None)
    kept = _kept(before, stored, given) if platform is before.address.platform else {}
    way = _way(platform, {**kept, **given}, before.access.external_id or "")
    if _leads_elsewhere(before, way):
        staying = [name for name, of in SECRETS.items() if getattr(way.credentials, of) and not given.get(name)]
        if staying:
            raise InvalidInput(
                f"The integration would show its secret to another server, or to clients: give {' and '.join(staying)} "
                "again with this change."
            )
    return way


def _kept(before: Integration, stored: Credentials, given: Data) -> dict[str, Any]:
    kept = fields_of(before)
    secrets = {name: getattr(stored, of) for name, of in SECRETS.items()}
    named = [name for name in SECRETS if name in given]
    if any(given[name] for name in named) and "usesServerIdentity" not in given:
        kept["usesServerIdentity"] = None
    if given.get("usesServerIdentity") or (named and not set(named) <= set(S3_SECRETS)):
        secrets = {}
    elif given.get("s3AccessKey"):
        secrets["s3SessionToken"] = None
    return kept | secrets


def _leads_elsewhere(before: Integration, way: Way) -> bool:
    """Whether secrets would be sent to another server, or to one that is known by less, or answered to clients."""
    address, access = before.address, before.access
    return (
        (address.platform, address.endpoint) != (way.address.platform, way.address.endpoint)
        or access.ca_certificates != way.access.ca_certificates
        or (way.access.client_lists and not access.client_lists)
    )


def _way(platform: Platform, fields: Data, external_id: str) -> Way:
    return Way(
        _address_of(platform, fields),
        _access_of(platform, fields, external_id),
        _credentials_of(platform, fields),
    )


def _check_platform(platform: Platform, given: Data) -> None:
    """Raise InvalidInput for a field that means nothing on this platform."""
    for name, value in given.items():
        platforms = next((where for start, where in _PLATFORMS.items() if name.startswith(start)), None)
        if value and platforms is not None and platform not in platforms:
            raise InvalidInput(f"{name} means nothing on platform {platform}: leave it out.")


def _trimmed(value: object) -> object:
    """A text without what copying and files put around it: none of these values begins or ends so."""
    return value.strip("\ufeff \t\r\n") if isinstance(value, str) else value


def _taken_apart(data: Data, *, container_before: str | None = None) -> dict[str, Any]:
    """The fields, in which what holds an address and a secret in one is two fields; raises InvalidInput.

    ``container_before`` is that of the integration which is changed, for a connection string that comes alone.
    """
    fields: dict[str, Any] = {
        name: _trimmed(value) if name.startswith(_OF_BUCKETS) else value for name, value in data.items()
    }
    named, url = fields.pop("azureContainerName", None) or None, fields.get("azureConnectionURL")
    if text := fields.pop(CONNECTION_STRING, None):
        endpoint, account_key, sas = split_connection_string(text)
        if any(fields.get(name) for name in SECRETS):
            raise InvalidInput(f"{CONNECTION_STRING} holds the secret already: leave the others out.")
        container = _one_container(named, split_url(url)[1] if url else None) or container_before
        if not container:
            raise InvalidInput(f"azureContainerName is missing, which goes with {CONNECTION_STRING}.")
        secrets = {"azureAccountKey": account_key, "azureSASToken": sas}
        return {**fields, "azureConnectionURL": f"{endpoint}/{container}", **secrets}
    if url:
        endpoint, container, sas = split_url(url)
        if sas and any(fields.get(name) for name in SECRETS):
            raise InvalidInput(_SAS_AND_MORE)
        fields["azureConnectionURL"] = f"{endpoint}/{_one_container(named, container) or ''}"
        if sas:
            fields["azureSASToken"] = sas
    elif named:
        raise InvalidInput(f"azureContainerName goes with {CONNECTION_STRING} or azureConnectionURL: give one of them.")
    return fields


def _one_container(named: str | None, in_url: str | None) -> str | None:
    if named and in_url and named != in_url:
        raise InvalidInput("azureContainerName and azureConnectionURL name two containers: give one of them.")
    return named or in_url


def _address_of(platform: Platform, data: Data) -> BucketAddress:
    """Which bucket; raises InvalidInput where what names it is missing."""
    if platform is Platform.AZURE:
        endpoint, container, _ = split_url(_needed(platform, data, "azureConnectionURL"))
        if not container:
            raise InvalidInput("azureConnectionURL names no container: write it behind the account's address.")
        return BucketAddress(platform, container, endpoint)
    if platform is Platform.GCP:
        return BucketAddress(platform, _needed(platform, data, "gcpBucketName"), data.get("gcpEndpoint") or None)
    if platform is Platform.FOLDER:
        return BucketAddress(platform, _needed(platform, data, "folderPath"))
    access_point = data.get("awsAccessPointARN") or None
    bucket = data.get("s3BucketName") or ""
    if not access_point:
        _needed(platform, data, "s3BucketName")
    return BucketAddress(platform, bucket, data.get("s3Endpoint") or None, data.get("s3Region") or None, access_point)


def _needed(platform: Platform, data: Data, field: str) -> str:
    if not data.get(field):
        raise InvalidInput(f"{field} is missing, which platform {platform} needs.")
    return str(data[field])


def _access_of(platform: Platform, data: Data, external_id: str) -> Access:
    """How the bucket is reached, for an organization of this external id; raises InvalidInput."""
    sent = data.get("awsRoleExternalId")
    if sent and sent != external_id:
        raise InvalidInput(
            f"awsRoleExternalId is not yours to choose: let the role's trust policy ask for {external_id}, which "
            "Bucketlink says for your organization, and leave awsRoleExternalId out."
        )
    style = data.get("s3AddressingStyle") or "path"
    if style not in STYLES:
        raise InvalidInput("s3AddressingStyle must be path or virtual.")
    has_secret = any(data.get(name) for name in SECRETS)
    client_lists = bool(data.get("azureIsUsingServiceCredentials"))
    # Clients of the wire know no other field that says so: a tenant without a secret is that of an identity.
    names_identity = platform is Platform.AZURE and bool(data.get("azureTenantId")) and not (has_secret or client_lists)
    if names_identity and data.get("azureClientId") and not data.get("usesServerIdentity"):
        raise InvalidInput(
            "azureClientSecret is missing, which goes with azureTenantId and azureClientId; or set usesServerIdentity, "
            "if they are of the server's own identity."
        )
    return Access(
        role_arn=data.get("awsRoleARN") or None,
        external_id=external_id,
        requester_pays=bool(data.get("s3RequesterPays")),
        virtual_host=STYLES[style],
        ca_certificates=data.get("s3CaCertificates") or None,
        tenant_id=data.get("azureTenantId") or None,
        client_id=data.get("azureClientId") or None,
        server_identity=bool(data.get("usesServerIdentity")) or names_identity,
        client_lists=client_lists,
    )


def _credentials_of(platform: Platform, data: Data) -> Credentials:
    """What opens the bucket; raises InvalidInput where the secrets given do not make one set of credentials."""
    given = {attribute: data[name] for name, attribute in SECRETS.items() if data.get(name)}
    names = [name for name in SECRETS if data.get(name)]
    credentials = Credentials(**given)
    if platform in _ON_S3:
        _check_keys(credentials)
    elif len(names) > 1:
        raise InvalidInput(f"{' and '.join(names)} are two ways in: give one of them.")
    if names and data.get("usesServerIdentity"):
        raise InvalidInput(f"usesServerIdentity reads as the server itself: leave {names[0]} out, or the other.")
    if credentials.client_secret and not (data.get("azureTenantId") and data.get("azureClientId")):
        raise InvalidInput("azureClientSecret is a service principal's: give azureTenantId and azureClientId too.")
    return credentials


def _check_keys(credentials: Credentials) -> None:
    if bool(credentials.access_key) != bool(credentials.secret_key):
        missing = "s3SecretKey" if credentials.access_key else "s3AccessKey"
        raise InvalidInput(f"{missing} is missing: give both keys, or neither for anonymous access.")
    if credentials.session_token and not credentials.access_key:
        raise InvalidInput("s3SessionToken goes with temporary keys: give s3AccessKey and s3SecretKey too.")


def fields_of(integration: Integration) -> dict[str, Any]:
    """An integration's address and access as a client sends and is answered them."""
    address, access = integration.address, integration.access
    on_s3, on_azure = address.platform in _ON_S3, address.platform is Platform.AZURE
    on_gcp, on_aws = address.platform is Platform.GCP, address.platform is Platform.AWS
    has_identity = on_gcp or on_azure
    return {
        "awsAccessPointARN": address.access_point,
        "awsRoleARN": access.role_arn,
        "awsRoleExternalId": access.external_id if on_s3 and (on_aws or access.role_arn) else None,
        "azureClientId": access.client_id,
        "azureConnectionURL": f"{address.endpoint}/{address.bucket}" if on_azure else None,
        "azureIsUsingServiceCredentials": access.client_lists if on_azure else None,
        "azureTenantId": access.tenant_id,
        "folderPath": address.bucket if address.platform is Platform.FOLDER else None,
        "gcpBucketName": address.bucket if on_gcp else None,
        "gcpEndpoint": address.endpoint if on_gcp else None,
        "s3AddressingStyle": _style(access) if address.platform is Platform.CUSTOM_S3 else None,
        "s3BucketName": (address.bucket or None) if on_s3 else None,
        "s3CaCertificates": access.ca_certificates,
        "s3Endpoint": address.endpoint if on_s3 else None,
        "s3Region": address.region if on_s3 else None,
        "s3RequesterPays": access.requester_pays if on_aws else None,
        "usesServerIdentity": access.server_identity if has_identity else None,
    }


def _style(access: Access) -> str:
    return next(name for name, virtual in STYLES.items() if virtual == access.virtual_host)

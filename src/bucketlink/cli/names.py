"""What the wire calls the options of the command line, and where commands work, for sentences from behind it."""

import re
from collections.abc import Mapping

OPTIONS: Mapping[str, str] = {
    "allowedPaths": "--allowed-path",
    "awsAccessPointARN": "--access-point-arn",
    "awsRoleARN": "--role-arn",
    "awsRoleExternalId": "the external ID (bucketlink integrations external-id)",
    "azureAccountKey": "--account-key-file",
    "azureClientId": "--client-id",
    "azureClientSecret": "--client-secret-file",
    "azureConnectionString": "--connection-string-file",
    "azureConnectionURL": "--container-url",
    "azureContainerName": "--bucket",
    "azureIsUsingServiceCredentials": "--clients-list",
    "azureSASToken": "--sas-token-file",
    "azureTenantId": "--tenant-id",
    "expiresInDays": "--expires",
    "folderPath": "--folder",
    "gcpBucketName": "--bucket",
    "gcpEndpoint": "--endpoint-url",
    "gcpServiceAccountKey": "--service-account-key-file",
    "includeRootFiles": "--include-root-files",
    "inputType": "--input-type",
    "max_delete": "--max-delete",
    "pass api_key": "give --api-key-file",
    "s3AccessKey": "--access-key",
    "s3AddressingStyle": "--addressing-style",
    "s3BucketName": "--bucket",
    "s3CaCertificates": "--ca-certificates",
    "s3Endpoint": "--endpoint-url",
    "s3Region": "--region",
    "s3RequesterPays": "--requester-pays",
    "s3SecretKey": "--secret-key-file",
    "s3SessionToken": "--session-token-file",
    "selectedFolders": "--folder",
    "verify= takes": "SSL_CERT_FILE in the environment takes",
    "usesServerIdentity": "--server-identity",
}
"""What errors name: fields of the wire, and arguments of the client; and the option that gives each."""

_COMMAND = re.compile(
    r"\bbucketlink (?=(?:assets|cancel|connections|diff|doctor|integrations|keys|projects|runs|sync|undo)\b)"
)
_FIELD = re.compile(rf"\b({'|'.join(OPTIONS)})\b")


def in_options(sentence: str) -> str:
    """Write a sentence with the names of options where it has those of fields."""
    return _FIELD.sub(lambda found: OPTIONS[found[1]], sentence)


def at(place: str, sentence: str) -> str:
    """Write a sentence whose commands work where this one did: ``place`` is the option that said where, or nothing."""
    return _COMMAND.sub(lambda _: f"bucketlink {place} ", sentence) if place else sentence

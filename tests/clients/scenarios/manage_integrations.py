"""Create, change and delete integrations of buckets on a real S3 server."""

from functools import partial

from tests.clients.scenarios.scenario import answer, connect, error_of, given, new_project, outcome_of

SECRET = "s3SecretKey"
SHOWN = ["name", "status", "allowedPaths", "s3Endpoint", "s3BucketName", "s3Region", "s3AccessKey", SECRET]

kili = connect()
name, bucket = given["name"], given["bucket"]
create, change = kili.create_cloud_storage_integration, kili.update_cloud_storage_integration
delete, listed = kili.delete_cloud_storage_integration, kili.cloud_storage_integrations
project = new_project(kili, name)
quiet = {"disable_tqdm": True}
made = create("CustomS3", name, **bucket)
integration = made["id"]
other = create("CustomS3", f"{name}, other", fields=SHOWN, **bucket)
other_id = listed(name=f"{name}, other", **quiet)[0]["id"]
changes = {
    "allowed_paths": ["a"],
    "allowed_projects": [project],
    "include_root_files": "true",
    "internal_processing_authorized": "true",
    "name": f"{name}, renamed",
    "organization_id": given["organization"],
    "platform": "CustomS3",
    "s3_access_key": bucket["s3_access_key"],
    "s3_bucket_name": given["other bucket"],
    "s3_endpoint": bucket["s3_endpoint"],
    "s3_region": "us-west-2",
    "s3_secret_key": bucket["s3_secret_key"],
    "status": "DISCONNECTED",
}
others = {
    "aws_access_point_arn": "arn:aws:s3:eu-west-1:123456789012:accesspoint/p",
    "azure_connection_url": "https://account.blob.core.windows.net/container",
    "azure_is_using_service_credentials": True,
    "azure_sas_token": "?sv=1",
    "azure_tenant_id": "tenant",
    "gcp_bucket_name": "bucket",
}
said = {
    "project": project,
    "made": made,
    "other": other,
    "wrong secret": error_of(lambda: create("CustomS3", f"{name}, wrong", **{**bucket, "s3_secret_key": "wrong"})),
    "wrong bucket": error_of(lambda: create("CustomS3", f"{name}, wrong", **{**bucket, "s3_bucket_name": "nowhere"})),
    "no bucket": error_of(lambda: create("CustomS3", f"{name}, wrong", s3_endpoint=bucket["s3_endpoint"])),
    "half a key": error_of(lambda: create("CustomS3", f"{name}, wrong", **{**bucket, "s3_secret_key": None})),
    "no name": error_of(lambda: create("CustomS3", "", **bucket)),
    "AWS": error_of(
        lambda: create(
            "AWS", f"{name}, wrong", s3_bucket_name="bucket", aws_role_arn="arn:aws:iam::123456789012:role/r"
        )
    ),
    "GCP": error_of(lambda: create("GCP", f"{name}, wrong")),
    "Azure": error_of(lambda: create("Azure", f"{name}, wrong")),
    "kept of wrong ones": kili.count_cloud_storage_integrations(name=f"{name}, wrong"),
    "changed": {field: change(other_id, **{field: value}) for field, value in changes.items()},
    "after": listed(other_id, fields=["name", "status", "s3Region", "s3BucketName", "allowedPaths"], **quiet),
    "at once": change(other_id, name=f"{name}, at once", s3_region="us-east-1", allowed_paths=[]),
    "of other platforms": {
        field: outcome_of(partial(change, other_id, **{field: value})) for field, value in others.items()
    },
    "wrong role": error_of(lambda: change(other_id, aws_role_arn="no role")),
    "external id": error_of(lambda: change(other_id, aws_role_external_id="of my own")),
    "foreign organization": error_of(lambda: change(other_id, organization_id="org999")),
    "unknown integration": error_of(lambda: change("int999999", name="x")),
    "session token": change(other_id, s3_session_token="a-token-that-nobody-issued"),
    "disconnected": change(other_id, s3_secret_key="wrong"),
    "status": listed(other_id, fields=["status", "s3AccessKey", SECRET], **quiet),
}
connection = kili.add_cloud_storage_connection(project, integration, ["b"])["id"]
said |= {
    "connection": connection,
    "deleted in use": error_of(lambda: delete(integration)),
    "synchronized": kili.synchronize_cloud_storage_connection(connection),
    "count": kili.count_assets(project),
    "deleted": delete(other_id) == other_id,
    "gone": listed(other_id, **quiet),
    "deleted twice": error_of(lambda: delete(other_id)),
}
answer(said)

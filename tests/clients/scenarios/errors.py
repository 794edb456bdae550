"""Wrong calls of every kind: each ends with an error that says what is wrong."""

from tests.clients.scenarios.scenario import answer, can, connect, error_of, given, new_project

kili = connect()
project = new_project(kili, "errors")
integration, gone, elsewhere = given["integration"], given["gone"], given["allowed elsewhere"]
add, synchronize = kili.add_cloud_storage_connection, kili.synchronize_cloud_storage_connection
said = {
    "connection of no project": error_of(lambda: add("prj999999", integration)),
    "connection of a malformed project": error_of(lambda: add("nonsense", integration)),
    "connection of no integration": error_of(lambda: add(project, "int999999")),
    "connection of a malformed integration": error_of(lambda: add(project, "nonsense")),
    "connection of an integration of other projects": error_of(lambda: add(project, elsewhere)),
    "synchronizing no connection": error_of(lambda: synchronize("con999999")),
    "synchronizing a malformed id": error_of(lambda: synchronize("nonsense")),
    "synchronizing an integration": error_of(lambda: synchronize(integration)),
    "synchronizing a bucket that is gone": error_of(lambda: synchronize(gone)),
    "what the bucket that is gone still holds": kili.count_assets(given["project of gone"]),
    "removing too much": error_of(lambda: synchronize(given["shrunk"], delete_extraneous_files=True)),
    "what is left of too much": kili.count_assets(given["project of shrunk"]),
    "listing a malformed connection": error_of(lambda: kili.cloud_storage_connections("nonsense")),
    "changing no project": error_of(lambda: kili.update_properties_in_project("prj999999", title="x")),
    "changing a malformed project": error_of(lambda: kili.update_properties_in_project("nonsense", title="x")),
    "an empty title": error_of(lambda: kili.create_project(input_type="IMAGE", json_interface={}, title="")),
    "deleting no project": error_of(lambda: kili.delete_project("prj999999")),
    "an unknown field of integrations": error_of(lambda: kili.cloud_storage_integrations(fields=["id", "nonsense"])),
    "an unknown field of projects": error_of(lambda: kili.projects(project, fields=["nonsense.id"])),
}
if can["DRY_RUN"]():
    said["looking at a bucket that is gone"] = error_of(lambda: synchronize(gone, dry_run=True))
if can["MANAGE_INTEGRATIONS"]():
    user = connect(given["user key"])
    said |= {
        "deleting in use": error_of(lambda: kili.delete_cloud_storage_integration(given["in use"])),
        "deleting no integration": error_of(lambda: kili.delete_cloud_storage_integration("int999999")),
        "deleting a malformed integration": error_of(lambda: kili.delete_cloud_storage_integration("nonsense")),
        "changing no integration": error_of(lambda: kili.update_cloud_storage_integration("int999999", name="x")),
        "creating as a user": error_of(
            lambda: user.create_cloud_storage_integration("CustomS3", "x", s3_bucket_name="b", s3_endpoint="http://x")
        ),
        "changing as a user": error_of(lambda: user.update_cloud_storage_integration(integration, name="x")),
        "deleting as a user": error_of(lambda: user.delete_cloud_storage_integration(integration)),
        "a bucket at no address": error_of(
            lambda: kili.create_cloud_storage_integration(
                "CustomS3", "x", s3_bucket_name="b", s3_endpoint="http://127.0.0.1:1", s3_region="us-east-1"
            )
        ),
    }
answer(said)

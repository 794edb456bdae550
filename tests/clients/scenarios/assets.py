"""Count and list assets by the filters that scripts use."""

from tests.clients.scenarios.scenario import answer, connect, error_of, given

kili = connect()
project = kili.create_project(input_type="IMAGE", json_interface={"jobs": {}}, title="assets")["id"]
connection = kili.add_cloud_storage_connection(project, given["integration"])["id"]
kili.synchronize_cloud_storage_connection(connection)


def both(**filters: object) -> list[object]:
    rows = kili.assets(project, fields=["externalId"], disable_tqdm=True, **filters)
    return [[row["externalId"] for row in rows], kili.count_assets(project, **filters)]


listed = kili.assets(project, disable_tqdm=True)
ids = {row["externalId"]: row["id"] for row in listed}
answer(
    {
        "all": both(),
        "default fields": listed[0],
        "with a bar": len(kili.assets(project)),
        "generated": [row["externalId"] for row in kili.assets(project, as_generator=True)],
        "external_id_in": both(external_id_in=["ears/0", "cats/1"]),
        "external_id_strictly_in": both(external_id_strictly_in=["cats/1.jpg", "bears/1.jpg", "cats/1"]),
        "asset_id": both(asset_id=ids["cats/0.jpg"]),
        "asset_id_in": both(asset_id_in=[ids["cats/1.jpg"], ids["bears/0.jpg"], "nonsense"]),
        "asset_id_not_in": both(asset_id_not_in=list(ids.values())[:-2]),
        "created since 2020": both(created_at_gte="2020-01-01")[1],
        "created since 2100": both(created_at_gte="2100-01-01"),
        "created until 2020": both(created_at_lte="2020-01-01"),
        "status TODO": both(status_in=["TODO"])[1],
        "status LABELED": both(status_in=["LABELED"]),
        "first 2": kili.assets(project, first=2, fields=["externalId"], disable_tqdm=True),
        "skip 1, first 2": kili.assets(project, skip=1, first=2, fields=["externalId"], disable_tqdm=True),
        "as a table": list(kili.assets(project, format="pandas", fields=["externalId"])["externalId"]),
        "of an unknown project": [kili.count_assets("prj999999"), kili.assets("prj999999", disable_tqdm=True)],
        "by a mark": error_of(lambda: kili.count_assets(project, consensus_mark_gte=0.5)),
        "unknown field": error_of(lambda: kili.assets(project, fields=["nonsense"])),
    }
)

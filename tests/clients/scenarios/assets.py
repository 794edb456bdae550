"""Count and list assets by the filters that scripts use."""

from tests.clients.scenarios.scenario import answer, can, connect, error_of, given, outcome_of

kili = connect()
project, empty = given["project"], given["empty"]


def both(**filters: object) -> list[object]:
    rows = kili.assets(project, fields=["externalId"], disable_tqdm=True, **filters)
    return [[row["externalId"] for row in rows], kili.count_assets(project, **filters)]


def external_ids(**options: object) -> list[str]:
    return [row["externalId"] for row in kili.assets(project, fields=["externalId"], **options)]


listed = kili.assets(project, disable_tqdm=True)
ids = {row["externalId"]: row["id"] for row in listed}
one, other = given["keys"]
created = listed[0]["createdAt"]
quiet = {"disable_tqdm": True}
said = {
    "all": both(),
    "distinct ids": len(set(ids.values())),
    "default fields": listed[0],
    "with a bar": len(kili.assets(project, fields=["id"])),
    "generated": external_ids(as_generator=True),
    "none": [kili.assets(empty, **quiet), list(kili.assets(empty, as_generator=True)), kili.count_assets(empty)],
    "external_id_in": both(external_id_in=[one[2:-2], other[1:]]),
    "external_id_strictly_in": both(external_id_strictly_in=[other, one, other[:-1]]),
    "external_id_in nothing": both(external_id_in=["no such part"]),
    "asset_id": both(asset_id=ids[one]),
    "asset_id_in": both(asset_id_in=[ids[other], ids[one], "nonsense"]),
    "unknown asset": both(asset_id="ast999999"),
    "created since 2020": both(created_at_gte="2020-01-01")[1],
    "created since the first": both(created_at_gte=created)[1],
    "created since 2100": both(created_at_gte="2100-01-01"),
    "created until 2020": both(created_at_lte="2020-01-01"),
    "created until 2100": both(created_at_lte="2100-01-01T00:00:00.000Z")[1],
    "updated since 2020": both(updated_at_gte="2020-01-01")[1],
    "updated until 2020": both(updated_at_lte="2020-01-01"),
    "status TODO": both(status_in=["TODO"])[1],
    "status LABELED or TODO": both(status_in=["LABELED", "TODO"])[1],
    "status LABELED": both(status_in=["LABELED"]),
    "skipped": kili.count_assets(project, skipped=True),
    "not skipped": kili.count_assets(project, skipped=False),
    "first 2": external_ids(first=2, **quiet),
    "first 150": external_ids(first=150, **quiet),
    "skip 1, first 2": external_ids(skip=1, first=2, **quiet),
    "skip 101": external_ids(skip=101, **quiet),
    "generated, skip 99, first 102": external_ids(skip=99, first=102, as_generator=True),
    "skip all": external_ids(skip=100000, **quiet),
    "counted of an unknown project": kili.count_assets("prj999999"),
    "of an unknown project": outcome_of(lambda: kili.assets("prj999999", **quiet)),
    "every field": kili.assets(project, first=1, fields=given["fields"], **quiet)[0],
    "by a mark": error_of(lambda: kili.count_assets(project, consensus_mark_gte=0.5)),
    "by a label": error_of(lambda: kili.assets(project, label_type_in=["DEFAULT"], **quiet)),
    "by metadata": error_of(lambda: kili.count_assets(project, metadata_where={"a": 1})),
    "unknown field": error_of(lambda: kili.assets(project, fields=["nonsense"], **quiet)),
}
if can["NOT_IN"]():
    said["asset_id_not_in"] = both(asset_id_not_in=list(ids.values())[:-2])
if can["PANDAS"]():
    said["as a table"] = list(kili.assets(project, format="pandas", fields=["externalId"], **quiet)["externalId"])
answer(said)

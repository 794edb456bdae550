"""List and count integrations by every filter, as a list and as a generator."""

from tests.clients.scenarios.scenario import answer, connect, given

kili = connect()
name, integration, organization = given["name"], given["id"], given["organization"]
listed = kili.cloud_storage_integrations
count = kili.count_cloud_storage_integrations
one = {"fields": ["id"], "disable_tqdm": True}
answer(
    {
        "default": [row for row in listed() if row["name"] == name],
        "with a bar": len(listed(disable_tqdm=False)),
        "generated": [row["id"] for row in listed(as_generator=True)],
        "all": [row["id"] for row in listed(**one)],
        "count": count(),
        "by id": listed(integration, **one),
        "by name": listed(name=name, **one),
        "by platform": {platform: count(platform=platform) for platform in ("AWS", "Azure", "GCP")},
        "by status": {status: count(status=status) for status in ("CONNECTED", "DISCONNECTED", "CHECKING")},
        "by organization": listed(organization_id=organization, name=name, **one),
        "by unknown": [
            listed("int999999", **one),
            listed("nonsense", **one),
            listed(name="no such name", **one),
            listed(organization_id="org999", **one),
            listed(platform="GCP", **one),
        ],
        "counts of unknown": [count("int999999"), count(name="no such name"), count(organization_id="org999")],
        "first 3": [row["id"] for row in listed(first=3, **one)],
        "skip 2, first 3": [row["id"] for row in listed(skip=2, first=3, **one)],
        "first 150": [row["id"] for row in listed(first=150, **one)],
        "skip 101": [row["id"] for row in listed(skip=101, **one)],
        "skip all": listed(skip=100000, **one),
        "every field": listed(integration, fields=given["fields"])[0],
    }
)

"""List and count integrations by every filter, as a list and as a generator."""

from tests.clients.scenarios.scenario import answer, can, connect, error_of, given

kili = connect()
name, integration, organization = given["name"], given["id"], given["organization"]
listed = kili.cloud_storage_integrations
count = kili.count_cloud_storage_integrations
one = {"fields": ["id"], "disable_tqdm": True}
platforms = ["AWS", "Azure", "GCP", *(["CustomS3"] if can["CUSTOM_S3"]() else [])]
statuses = ["CONNECTED", "DISCONNECTED", "CHECKING"]
answer(
    {
        "default": listed(name=name),
        "with a bar": len(listed(disable_tqdm=False)),
        "generated": [row["id"] for row in listed(as_generator=True)],
        "all": [row["id"] for row in listed(**one)],
        "count": count(),
        "by id": listed(integration, **one),
        "by name": listed(name=name, **one),
        "by all": listed(integration, name, None, "CONNECTED", organization, **one),
        "by part of a name": count(name=given["part"]),
        "by platform": {platform: [len(listed(platform=platform)), count(platform=platform)] for platform in platforms},
        "by status": {status: [len(listed(status=status)), count(status=status)] for status in statuses},
        "by organization": listed(organization_id=organization, name=name, **one),
        "by unknown": [
            listed("int999999", **one),
            listed("nonsense", **one),
            listed(name="no such name", **one),
            listed(organization_id="org999", **one),
            listed(platform="GCP", **one),
            list(listed("int999999", as_generator=True)),
        ],
        "counts of unknown": [count("int999999"), count(name="no such name"), count(organization_id="org999")],
        "first 3": [row["id"] for row in listed(first=3, **one)],
        "skip 2, first 3": [row["id"] for row in listed(skip=2, first=3, **one)],
        "first 150": [row["id"] for row in listed(first=150, **one)],
        "generated, skip 99, first 102": [row["id"] for row in listed(skip=99, first=102, as_generator=True)],
        "skip 101": [row["id"] for row in listed(skip=101, **one)],
        "skip all": listed(skip=100000, **one),
        "every field": listed(integration, fields=given["fields"])[0],
        "unknown field": error_of(lambda: listed(fields=["nonsense"])),
    }
)

"""Connect with a good key, with a bad one, with an expired one; ask who is there."""

from typing import Any

from tests.clients.scenarios.scenario import answer, can, connect, current_user, error_of, given, new_project

kili = connect()
user = current_user(kili)
said: dict[str, Any] = {
    "can": sorted(name for name, look in can.items() if look()),
    "user": user,
    "bad": error_of(lambda: connect("bl_this-key-was-never-made-by-anyone")),
    "expired": error_of(lambda: connect(given["expired"])),
    "of a user": current_user(connect(given["user key"])) if can["WHO"]() else None,
}
if can["ACCOUNTS"]():
    mine = {"email": user["email"], "disable_tqdm": True}
    internal = kili.internal
    organization = kili.organizations(disable_tqdm=True)[0]["id"]
    said |= {
        "users": kili.users(fields=["id", "email"], **mine),
        "default fields": kili.users(**mine),
        "generated": list(kili.users(email=user["email"], as_generator=True)),
        "in the organization": kili.users(organization_id=organization, fields=["id"], **mine),
        "first": len(kili.users(first=1, disable_tqdm=True)),
        "skip": len(kili.users(skip=1, disable_tqdm=True)) + 1 == kili.count_users(),
        "nobody": [kili.users(email="nobody@example.com", disable_tqdm=True), kili.count_users(email="x@example.com")],
        "count": kili.count_users(email=user["email"]),
        "organizations": kili.organizations(disable_tqdm=True),
        "counted": [kili.count_organizations(), kili.count_organizations(organization_id="org999")],
        "keys": internal.api_keys(user_id=user["id"], fields=["id", "user.id", "revoked"], disable_tqdm=True),
        "default fields of keys": sorted(internal.api_keys(user_id=user["id"], disable_tqdm=True)[0]),
        "count of keys": [internal.count_api_keys(user_id=user["id"]), internal.count_api_keys(user_id="usr999")],
    }
if can["MEMBERS"]():
    project = new_project(kili, "accounts")
    said |= {
        "project": project,
        "members": kili.project_users(project, email=user["email"], disable_tqdm=True),
        "count of members": kili.count_project_users(project, email=user["email"]),
    }
if can["USERS_BY_KEY"]():
    said["by key"] = kili.users(api_key=given["user key"], fields=["id", "email"], disable_tqdm=True)
    said["count by key"] = [kili.count_users(api_key=given["user key"]), kili.count_users(api_key="bl_nobody's")]
answer(said)

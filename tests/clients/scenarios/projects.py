"""Create, list, count, change, archive and delete projects, and what else scripts ask at the beginning."""

from tests.clients.scenarios.scenario import answer, connect, error_of

kili = connect()
title = "catalogue"
create = kili.create_project
ids = {
    kind: create(input_type=kind, json_interface={"jobs": {"J": {"n": 1}}}, title=f"{title} of {kind}")["id"]
    for kind in ("IMAGE", "VIDEO", "PDF", "TEXT")
}
image, text = ids["IMAGE"], ids["TEXT"]
said = {
    "ids": ids,
    "made": [kili.count_projects(search_query=title), kili.count_projects() >= len(ids)],
    "default fields": kili.projects(image)[0],
    "by title": [row["id"] for row in kili.projects(search_query="%LOGUE of VID%", fields=["id"])],
    "count by title": kili.count_projects(search_query="catalogue of PDF"),
    "generated": [row["id"] for row in kili.projects(search_query=title, as_generator=True, fields=["id"])],
    "skip": [row["id"] for row in kili.projects(search_query=title, skip=1, first=2, fields=["id"])],
    "changed": kili.update_properties_in_project(
        image, title="Another catalogue", description="About it", can_skip_asset=False
    ),
    "archived": [
        kili.archive_project(text),
        kili.count_projects(text, archived=True),
        kili.unarchive_project(text),
        kili.count_projects(text, archived=True),
    ],
    "deleted": kili.delete_project(text),
}
said |= {
    "after": kili.count_projects(search_query=title),
    "gone": kili.projects(text),
    "wrong type": error_of(lambda: create(input_type="SMELL", json_interface={}, title="x")),
    "user": kili.get_user(),
    "users": kili.users(email=kili.get_user()["email"], fields=["id", "email"]),
    "organizations": kili.organizations(),
}
answer(said)

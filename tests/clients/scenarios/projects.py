"""Create, list, count, change, archive and delete projects."""

import inspect

from tests.clients.scenarios.scenario import answer, can, connect, current_user, given, outcome_of

KINDS = ("IMAGE", "VIDEO", "PDF", "TEXT")
NEW_VALUES = {
    "can_navigate_between_assets": False,
    "can_skip_asset": False,
    "consensus_mark": 0.5,
    "consensus_tot_coverage": 7,
    "description": "About it",
    "honeypot_mark": 0.25,
    "instructions": "https://example.com/how",
    "json_interface": {"jobs": {"K": {"n": 2}}},
    "metadata_types": {"width": "number"},
    "min_consensus_size": 2,
    "review_coverage": 50,
    "should_auto_assign": True,
    "title": "Another catalogue",
    "use_honeypot": True,
}
ALONE = {
    "compliance_tags": ["PHI"],
    "metadata_properties": {
        "height": {"filterable": True, "type": "string", "visibleByLabeler": True, "visibleByReviewer": False}
    },
    "seconds_to_label_before_auto_assign": 30,
}
"""What cannot be given together with others, or is not shown."""
IGNORED = {
    "number_of_assets": 5,
    "number_of_remaining_assets": 5,
    "number_of_reviewed_assets": 5,
    "number_of_skipped_assets": 5,
    "should_relaunch_kpi_computation": True,
}

kili = connect()
create, listed, count, change = (
    kili.create_project,
    kili.projects,
    kili.count_projects,
    kili.update_properties_in_project,
)
taken = inspect.signature(change).parameters
quiet = {"fields": ["id"], "disable_tqdm": True}
title = given["title"]
ids = {
    kind: create(
        input_type=kind, json_interface={"jobs": {"J": {"n": 1}}}, title=f"{title} of {kind}", description=f"The {kind}"
    )["id"]
    for kind in KINDS
}
image, video, pdf, text = ids.values()
said = {
    "ids": ids,
    "user": current_user(kili),
    "kinds": [row["inputType"] for row in listed(search_query=title, fields=["inputType"])],
    "made": [count(search_query=title), count() >= len(ids), count(pdf)],
    "default fields": listed(image)[0],
    "by title": [row["id"] for row in listed(search_query=f"%{title[1:].upper()} of VID%", **quiet)],
    "count by title": count(search_query=f"{title} of PDF"),
    "generated": [row["id"] for row in listed(search_query=title, as_generator=True, fields=["id"])],
    "skip 1, first 2": [row["id"] for row in listed(search_query=title, skip=1, first=2, **quiet)],
    "updated since 2020": count(search_query=title, updated_at_gte="2020-01-01"),
    "updated until 2020": [count(search_query=title, updated_at_lte="2020-01-01"), listed(updated_at_lte="2020-01-01")],
    "not archived": count(search_query=title, archived=False),
    "changed": {name: change(video, **{name: value}) for name, value in (NEW_VALUES | ALONE).items() if name in taken},
    "changed at once": change(image, **{name: value for name, value in NEW_VALUES.items() if name in taken}),
    "taken back": change(image, can_skip_asset=True, description="", use_honeypot=False),
    "ignored": change(pdf, **{name: value for name, value in IGNORED.items() if name in taken})["id"],
    "assets as they were": listed(pdf, fields=["numberOfAssets"]),
    "same type": change(pdf, input_type="PDF")["id"],
    "other type": outcome_of(lambda: change(pdf, input_type="TEXT")),
}
said["type as it was"] = listed(pdf, fields=["inputType"])
said["archived"] = [
    kili.archive_project(text),
    [count(text, archived=True), count(text, archived=False), listed(text, archived=True, **quiet)],
    kili.unarchive_project(text),
    [count(text, archived=True), count(text, archived=False), listed(text, archived=False, **quiet)],
]
said["deleted"] = kili.delete_project(text)
said["after"] = [count(search_query=f"{title} of"), listed(text)]
if can["DELETED"]():
    said["counted as deleted"] = [count(text, deleted=True), listed(text, deleted=True)]
answer(said)

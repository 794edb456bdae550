"""What commands write."""

from graphql import GraphQLError

from tests.unit.commands.running import Run
from tests.unit.fake_server import FakeServer


def test_sync_tells_what_it_did(run: Run, server: FakeServer) -> None:
    server.found = {"added": 3, "removed": 2, "changed": 1}
    result = run("sync", "1")
    assert result.out == "Added 3, removed 0, renewed 1: now 13 assets of connection 1.\n"
    assert "2 assets of objects that are gone stay" in result.err
    assert run("sync", "1", "--delete-extraneous-files", "--json").document == {
        "id": "1",
        "projectId": "9",
        "numberOfAssets": 11,
        "added": 0,
        "removed": 2,
        "changed": 0,
        "dryRun": False,
        "warnings": [],
    }
    assert "in step" in run("sync", "1").out


def test_sync_tells_what_its_own_runs_did(run: Run, server: FakeServer) -> None:
    server.found, server.settled = {"added": 3, "removed": 0, "changed": 0}, 1
    assert run("sync", "1").out.startswith("Added 2, removed 0, renewed 0:")


def test_where_nobody_looks_nothing_is_drawn(run: Run, server: FakeServer) -> None:
    server.found, server.polls = {"added": 3, "removed": 0, "changed": 0}, 10
    assert run("sync", "1").err == ""
    assert server.operations("runs") == ["runs"]


def test_a_running_run_tells_how_far_it_is(run: Run, server: FakeServer) -> None:
    server.computeDifferences(None, {"id": "1"})
    assert "0 objects, 1,000/s, 50%" in " ".join(run("runs", "1").out.split())


def test_a_dry_run_counts_what_differs(run: Run, server: FakeServer) -> None:
    server.found = {"added": 3, "removed": 2, "changed": 1}
    document = run("sync", "1", "--dry-run", "--json").document
    assert (document["added"], document["removed"], document["changed"]) == (3, 2, 1)
    assert (document["numberOfAssets"], document["dryRun"]) == (10, True)
    assert run("sync", "1", "--dry-run").out.startswith("Dry run: 3 to add, 2 to remove, 1 changed;")
    assert server.operations("validateDataDifferences") == []


def test_a_refusal_of_the_guard_is_in_the_servers_words(run: Run, server: FakeServer) -> None:
    server.found = {"added": 0, "removed": 2, "changed": 0}
    server.refusal = GraphQLError("Too many; run bucketlink sync 1 --force.", extensions={"code": "GUARD_REFUSED"})
    result = run("sync", "1", "--delete-extraneous-files")
    assert (result.status, result.err) == (1, "bucketlink: Too many; run bucketlink sync 1 --force.\n")
    assert run("sync", "1", "--delete-extraneous-files", "--force").status == 0


def test_sync_takes_a_limit_and_leaves_changed_assets_alone(run: Run, server: FakeServer) -> None:
    server.found = {"added": 3, "removed": 2, "changed": 1}
    args = ("sync", "1", "--delete-extraneous-files", "--no-apply-changed", "--max-delete")
    refused = run(*args, "1")
    assert (refused.status, refused.out) == (1, "")
    assert "remove 2 assets, more than the 1" in refused.err
    assert server.operations("validateDataDifferences") == []
    dry = run(*args, "1", "--dry-run")
    assert dry.status == 0
    assert "--max-delete allows 1 asset." in dry.err
    done = run(*args, "2")
    assert done.out == "Added 3, removed 2, renewed 0: now 11 assets of connection 1.\n"
    applied = [sent for name, sent in server.sent if name == "validateDataDifferences"]
    assert [(sent["where"]["type"], sent["processingParameters"]) for sent in applied] == [
        ("ADD", '{"maxDelete": 2}'),
        ("REMOVE", '{"maxDelete": 2}'),
    ]
    assert "1 changed asset left alone" in done.err
    assert "bucketlink undo" in done.err


def test_titles_do_not_steer_the_terminal_either(run: Run, server: FakeServer) -> None:
    text = run("projects", "list").out
    assert "\x1b" not in text
    assert "evil \\x1b[2J" in text
    assert "1,234" in text
    assert server.closed


def test_keys_create_prints_the_key_alone(run: Run, server: FakeServer) -> None:
    result = run("keys", "create", "--email", "bo@example.com", "--role", "admin", "--expires", "30")
    assert result.out == "bl_secret\n"
    assert "not shown again" in result.err
    assert server.sent[-1][1] == {"data": {"email": "bo@example.com", "role": "ADMIN", "expiresInDays": 30}}
    assert run("keys", "create", "--email", "bo@example.com", "--json").document["key"] == "bl_secret"


def test_connections_add_prints_the_id_alone(run: Run, server: FakeServer) -> None:
    server.found = {"added": 7, "removed": 0, "changed": 0}
    args = ("connections", "add", "--project", "9", "--integration", "1", "--folder", "a", "--folder", "b/c")
    result = run(*args)
    assert result.out == "2\n"
    assert "7 to add" in result.err
    added = next(sent for name, sent in server.sent if name == "addDataConnection")
    assert added["data"] == {"projectId": "9", "integrationId": "1", "selectedFolders": ["a", "b/c"]}
    document = run(*args, "--json").document
    assert (document["id"], document["added"]) == ("3", 7)


def test_undo_and_runs_tell_what_was_done(run: Run, server: FakeServer) -> None:
    assert run("undo", "7").out == "8 undid 7: 3 assets added, 0 removed, 0 changed back.\n"
    assert run("undo", "7", "--no-wait", "--json").document["state"] == "QUEUED"
    assert run("undo", "5").err.startswith("bucketlink: There is no run with the id 5: bucketlink runs ")
    assert "SUCCEEDED" in run("runs", "1").out
    assert run("runs", "1", "--json").document[0]["id"] == "7"
    assert server.closed


def test_an_undoing_that_is_under_way_is_joined_and_said(run: Run, server: FakeServer) -> None:
    server.undone_by = "8"
    joined = run("undo", "7")
    assert joined.out == "8 undid 7: 3 assets added, 0 removed, 0 changed back.\n"
    assert joined.err == "7 is being undone already, by 8.\n"
    assert "+3, being undone by 8" in run("runs", "1").out

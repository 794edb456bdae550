"""Lists inside of a row are whole, however long."""

from sqlalchemy import insert, select

from bucketlink.model import Role
from bucketlink.store import accounts
from bucketlink.store.tables import connections
from tests.api.conftest import World

MANY = 620
PROJECT = """
query ($where: ProjectWhere!) {
  data: projects(where: $where, first: 1, skip: 0) { dataConnections { id } roles { user { email } } }
}
"""


def test_members_and_connections_of_a_project_are_all_there(world: World) -> None:
    ours, project = world.ours, world.ours.ids["project"]
    emails = {f"{number}@example.com" for number in range(MANY)}
    with world.api.home.database.write() as tx:
        for email in emails:
            accounts.ensure_user(tx, ours.admin.organization_id, email, Role.USER)
        row = dict(
            tx.execute(select(connections).where(connections.c.id == int(ours.ids["connection"][3:]))).one()._mapping
        )
        row.pop("id")
        tx.execute(insert(connections), [row] * MANY)

    (found,) = world.api.data(ours.admin, PROJECT, {"where": {"id": project}})

    assert {member["user"]["email"] for member in found["roles"]} == {*emails, ours.admin.email, ours.user.email}
    ids = [connection["id"] for connection in found["dataConnections"]]
    assert len(set(ids)) == len(ids) == MANY + 2
    counted = "query ($where: DataIntegrationWhere!) { data: countDataIntegrations(where: $where) }"
    assert world.api.data(ours.admin, counted, {"where": {"projectId": project}}) == MANY + 2
    assert world.api.data(ours.admin, counted, {"where": {"projectId": world.theirs.ids["project"]}}) == 0

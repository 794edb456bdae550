"""Every platform: how buckets are reached, archived objects, listings that clients send"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WITH_ARCHIVED = ("assets", "removed_assets", "differences")


def upgrade() -> None:
    op.add_column("organizations", sa.Column("external_id", sa.Text(), nullable=False, server_default=""))
    organizations = sa.table("organizations", sa.column("id", sa.BigInteger()), sa.column("external_id", sa.Text()))
    connection = op.get_bind()
    for identifier in connection.scalars(sa.select(organizations.c.id)).all():
        made = f"bucketlink-{secrets.token_hex(16)}"
        connection.execute(organizations.update().where(organizations.c.id == identifier).values(external_id=made))
    for column in (
        sa.Column("access_point", sa.Text(), nullable=True),
        sa.Column("access", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("found_region", sa.Text(), nullable=True),
    ):
        op.add_column("integrations", column)
    for table in WITH_ARCHIVED:
        op.add_column(table, sa.Column("archived", sa.Text(), nullable=True))
    op.add_column("asset_changes", sa.Column("prior_archived", sa.Text(), nullable=True))
    op.create_table(
        "sent_pages",
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "first",
            sa.Text()
            .with_variant(sa.Text(collation="C"), "postgresql")
            .with_variant(sa.Text(collation="BINARY"), "sqlite"),
            nullable=False,
        ),
        sa.Column("objects", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "first", name=op.f("pk_sent_pages")),
    )

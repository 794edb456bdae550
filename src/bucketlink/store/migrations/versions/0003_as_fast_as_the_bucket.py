"""What makes listings quick and their progress known: landmarks of buckets, what a run is expected to take"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("expected", sa.BigInteger(), nullable=True))
    op.create_table(
        "landmarks",
        sa.Column("integration_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "prefix",
            sa.Text()
            .with_variant(sa.Text(collation="C"), "postgresql")
            .with_variant(sa.Text(collation="BINARY"), "sqlite"),
            nullable=False,
        ),
        sa.Column("spacing", sa.Integer(), nullable=False),
        sa.Column("keys", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("integration_id", "prefix", name=op.f("pk_landmarks")),
    )

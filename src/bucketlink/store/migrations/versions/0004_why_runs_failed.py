"""Why runs failed, the kind of the error beside its sentence; what a listing has shown of a selection; keys revoked"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("error_kind", sa.String(length=32), nullable=True))
    op.add_column("ranges", sa.Column("sight", sa.JSON(none_as_null=True), nullable=True))
    # Of ranges that were listed before, nobody knows what they have shown: what is under way begins anew.
    op.execute("UPDATE runs SET fingerprint = NULL WHERE kind = 'COMPUTE' AND finished_at IS NULL")
    op.add_column("api_keys", sa.Column("revoked_at", sa.BigInteger(), nullable=True))

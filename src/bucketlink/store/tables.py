"""The tables, once, for SQLite and PostgreSQL.

What grows with a bucket (assets, differences, content types) has its natural key as primary key and, on SQLite, no
row id, so that the ranges that the march reads are answered by one index alone. Key columns order by bytes on both.
Counts are columns kept by the transaction that changes the rows. Times are milliseconds since 1970.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer, "sqlite")
Key = Text().with_variant(Text(collation="BINARY"), "sqlite").with_variant(Text(collation="C"), "postgresql")
Json = JSON(none_as_null=True)


def _id() -> Column[int]:
    return Column("id", Id, primary_key=True, autoincrement=True)


def _counter(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default="0")


def _reference(name: str, target: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, Id, ForeignKey(f"{target}.id"), nullable=nullable)


def _object_columns() -> list[Column[object]]:
    return [
        Column("size", BigInteger, nullable=False),
        Column("etag", Text, nullable=False),
        Column("modified_at", BigInteger),
        Column("content_type", Text),
        Column("archived", Text),
    ]


organizations = Table(
    "organizations",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    # What is said to AWS when a role is assumed for the organization.
    Column("external_id", Text, nullable=False, server_default=""),
    Column("created_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

users = Table(
    "users",
    metadata,
    _id(),
    _reference("organization_id", "organizations"),
    Column("email", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("organization_id", "email"),
    sqlite_autoincrement=True,
)

api_keys = Table(
    "api_keys",
    metadata,
    _id(),
    _reference("organization_id", "organizations"),
    _reference("user_id", "users"),
    Column("name", Text, nullable=False),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    sqlite_autoincrement=True,
)

replies = Table(
    "replies",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("answer", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False, index=True),
)

projects = Table(
    "projects",
    metadata,
    _id(),
    _reference("organization_id", "organizations"),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("input_type", String(16), nullable=False),
    Column("json_interface", Text, nullable=False),
    Column("archived", Boolean, nullable=False, server_default="0"),
    Column("properties", Json),
    _counter("number_of_assets"),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("deleted_at", BigInteger),
    Index(None, "organization_id", "id"),
    sqlite_autoincrement=True,
)

integrations = Table(
    "integrations",
    metadata,
    _id(),
    _reference("organization_id", "organizations"),
    Column("name", Text, nullable=False),
    Column("platform", String(16), nullable=False),
    Column("bucket", Text, nullable=False),
    Column("endpoint", Text),
    Column("region", Text),
    Column("access_point", Text),
    # What of `bucketlink.model.Access` is not as it is by itself.
    Column("access", Json),
    Column("found_region", Text),
    Column("allowed_paths", Json),
    Column("allowed_projects", Json),
    Column("include_root_files", Boolean, nullable=False, server_default="0"),
    Column("internal_processing_authorized", Boolean, nullable=False, server_default="0"),
    Column("sealed_credentials", LargeBinary),
    Column("status", String(16), nullable=False),
    Column("reason", Text),
    Column("checked_at", BigInteger),
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("deleted_at", BigInteger),
    Index(None, "organization_id", "id"),
    sqlite_autoincrement=True,
)

connections = Table(
    "connections",
    metadata,
    _id(),
    _reference("organization_id", "organizations"),
    _reference("project_id", "projects"),
    _reference("integration_id", "integrations"),
    Column("selected_folders", Json),
    Column("prefix", Text),
    Column("include", Json),
    Column("exclude", Json),
    Column("json_processing", Boolean, nullable=False, server_default="0"),
    _counter("number_of_assets"),
    # The computation whose differences are shown, and how many of them are left.
    Column("published_run_id", Id),
    _counter("added"),
    _counter("removed"),
    _counter("changed"),
    Column("last_checked_at", BigInteger),
    # Digest of the effective selection for which a computation found no owned asset outside it.
    Column("clean_digest", LargeBinary(32)),
    Column("error", Text),
    Column("warnings", Json),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index(None, "project_id", "integration_id"),
    Index(None, "integration_id"),
    Index(None, "published_run_id"),
    sqlite_autoincrement=True,
)

runs = Table(
    "runs",
    metadata,
    _id(),
    Column("organization_id", Id, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("integration_id", Id),
    Column("project_id", Id),
    Column("connection_id", Id),
    Column("source_run_id", Id),
    Column("types", Json),
    Column("forced", Boolean, nullable=False, server_default="0"),
    Column("requested_by", Id),
    Column("attempt", Integer, nullable=False, server_default="0"),
    # Digest of everything that decides what a computation finds; another one means to begin anew.
    Column("fingerprint", LargeBinary(32)),
    Column("selection_digest", LargeBinary(32)),
    # The integration's revision that a computation read.
    Column("revision", Integer),
    # Whether rows of `differences` may still carry this run's id.
    Column("keeps_differences", Boolean, nullable=False, server_default="0"),
    _counter("objects"),
    # How many objects, or differences, the run is likely to take; null where nobody can know.
    Column("expected", BigInteger),
    _counter("added"),
    _counter("removed"),
    _counter("changed"),
    _counter("left"),
    _counter("outside"),
    Column("assets_before", BigInteger),
    Column("warnings", Json),
    Column("error", Text),
    # The code of the error that a run failed of; null of what was cancelled, and of what failed before it was kept.
    Column("error_kind", String(32)),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("stepped_at", BigInteger),
    Column("finished_at", BigInteger),
    Index(None, "connection_id", "id"),
    Index(None, "source_run_id"),
    sqlite_autoincrement=True,
)
# Few runs are unfinished, or keep differences, among the many that are history.
_UNFINISHED = runs.c.finished_at.is_(None)
_KEEPING = runs.c.keeps_differences.is_(True)
Index("ix_runs_unfinished", runs.c.connection_id, runs.c.id, sqlite_where=_UNFINISHED, postgresql_where=_UNFINISHED)
Index("ix_runs_keeping", runs.c.id, sqlite_where=_KEEPING, postgresql_where=_KEEPING)

ranges = Table(
    "ranges",
    metadata,
    _id(),
    _reference("run_id", "runs"),
    Column("start", Key, nullable=False),
    Column("stop", Key),
    Column("scan", String(16), nullable=False),
    Column("prefix", Key, nullable=False),
    # The last key that is done with; null before the first.
    Column("cursor", Key),
    # What of the selection its listing has shown: `store.ranges.Sight`.
    Column("sight", Json),
    Column("spooled", Boolean, nullable=False, server_default="0"),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("done", Boolean, nullable=False, server_default="0"),
    Index(None, "run_id", "start"),
    sqlite_autoincrement=True,
)

differences = Table(
    "differences",
    metadata,
    Column("run_id", Id, primary_key=True),
    Column("type", SmallInteger, primary_key=True),
    Column("key", Key, primary_key=True),
    Column("asset_id", BigInteger),
    *_object_columns(),
    sqlite_with_rowid=False,
)


def _asset_columns() -> list[Column[object]]:
    return [
        Column("project_id", Id, primary_key=True),
        Column("integration_id", Id, primary_key=True),
        Column("key", Key, primary_key=True),
        Column("id", BigInteger, nullable=False),
        # The owner. A connection that is gone owns nothing: such an asset is without owner.
        Column("connection_id", Id, nullable=False),
        *_object_columns(),
        # The run that last changed the asset.
        Column("run_id", Id, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("updated_at", BigInteger, nullable=False),
    ]


assets = Table(
    "assets",
    metadata,
    *_asset_columns(),
    Index(None, "project_id", "id", unique=True),
    sqlite_with_rowid=False,
)

removed_assets = Table(
    "removed_assets",
    metadata,
    *_asset_columns(),
    Column("removed_at", BigInteger, nullable=False, index=True),
    sqlite_with_rowid=False,
)

# What a run did to an asset that was there before it, with the state before: what undoing needs, and for each earlier
# run the assets that it can no longer undo. An asset that is new has no row here.
asset_changes = Table(
    "asset_changes",
    metadata,
    Column("run_id", Id, primary_key=True),
    Column("key", Key, primary_key=True),
    Column("type", SmallInteger, nullable=False),
    Column("asset_id", BigInteger, nullable=False),
    Column("prior_run_id", Id, nullable=False, index=True),
    Column("prior_connection_id", Id, nullable=False),
    Column("prior_size", BigInteger, nullable=False),
    Column("prior_etag", Text, nullable=False),
    Column("prior_modified_at", BigInteger),
    Column("prior_content_type", Text),
    Column("prior_archived", Text),
    Column("created_at", BigInteger, nullable=False, index=True),
    sqlite_with_rowid=False,
)

# What a client listed itself and sent for a computation, sorted: pages by their first key.
sent_pages = Table(
    "sent_pages",
    metadata,
    Column("run_id", Id, primary_key=True),
    Column("first", Key, primary_key=True),
    Column("objects", LargeBinary, nullable=False),
)

# Keys of a bucket that are so many keys apart, as its last listing below a prefix found them: where the next one can be
# begun side by side.
landmarks = Table(
    "landmarks",
    metadata,
    Column("integration_id", Id, primary_key=True),
    Column("prefix", Key, primary_key=True),
    Column("spacing", Integer, nullable=False),
    Column("keys", LargeBinary, nullable=False),
)

# Content types that were asked for object by object, kept so that nothing is asked twice of the same object.
content_types = Table(
    "content_types",
    metadata,
    Column("integration_id", Id, primary_key=True),
    Column("key", Key, primary_key=True),
    Column("etag", Text, nullable=False),
    Column("content_type", Text),
    sqlite_with_rowid=False,
)

sequences = Table(
    "sequences",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

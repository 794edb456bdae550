"""Read the server's schema with the GraphQL library that the client brings, and keep it as the client does."""

from pathlib import Path

from graphql import __version__, build_client_schema, get_introspection_query, print_schema
from graphql.language import parse
from graphql.validation import validate

from tests.clients.scenarios.scenario import answer, connect


def kept() -> dict[str, int]:
    """Names of the schemas that are kept, and when each was written."""
    return {file.name: file.stat().st_mtime_ns for file in Path.home().rglob("*.graphql")}


before = kept()
kili = connect()
first = kept()
connect()
second = kept()
(name,) = first
(kept_file,) = Path.home().rglob("*.graphql")
kept_file.rename(kept_file.with_name(f"{name.removesuffix('.graphql')}-of-yesterday.graphql"))
connect()

client = kili.auth.client if hasattr(kili, "auth") else kili.graphql_client
options = {"schema_description": True, "input_value_deprecation": True, "directive_is_repeatable": True}
sent = client.execute(get_introspection_query(descriptions=True, **options))
schema = build_client_schema(sent)
answer(
    {
        "before": len(before),
        "written": len(first),
        "second client wrote nothing": first == second,
        "after another version": list(kept()) == [name],
        "library": __version__,
        "prints": "type DataConnection" in print_schema(schema),
        "validates": [str(error) for error in validate(schema, parse("{ me { id email } }"))],
        "finds faults": len(validate(schema, parse("{ me { nonsense } }"))),
    }
)

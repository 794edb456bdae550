"""Read the server's schema with the GraphQL library that the client brings."""

from graphql import __version__, build_client_schema, get_introspection_query, print_schema
from graphql.language import parse
from graphql.validation import validate

from tests.clients.scenarios.scenario import answer, connect

kili = connect()
options = {"schema_description": True, "input_value_deprecation": True, "directive_is_repeatable": True}
sent = kili.http_client.post(
    kili.api_endpoint,
    json={"query": get_introspection_query(descriptions=True, **options)},
    headers={"Authorization": f"X-API-Key: {kili.api_key}"},
    timeout=30,
)
schema = build_client_schema(sent.json()["data"])
answer(
    {
        "library": __version__,
        "prints": "type DataConnection" in print_schema(schema),
        "validates": [str(error) for error in validate(schema, parse("{ me { id email } }"))],
        "finds faults": len(validate(schema, parse("{ me { nonsense } }"))),
    }
)

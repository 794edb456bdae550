"""``docs/reference/fields.md``: the names that an argument ``fields`` can hold, from the schema."""

from graphql import GraphQLObjectType, build_schema, get_named_type

from tests.reference.markdown import Page, anchor, escaped, table
from tests.reference.types import SOURCE

INTRODUCTION = """\
Written by `make reference` from the schema of the API; do not change it by hand.

Methods that list things take `fields`: the names of what to answer of each. A name with dots reaches into an object:
`dataIntegration.name` of a connection. `!` after a type says that it is never None. What is marked "Ours" is unknown to
other servers of this wire."""

LISTED = {
    "Project": "`client.projects`",
    "DataIntegration": "`client.cloud_storage_integrations`",
    "DataConnection": "`client.cloud_storage_connections`",
    "Asset": "`client.assets`",
    "User": "`client.users` and `client.get_current_user`",
    "ProjectUser": "`client.project_users`",
    "Organization": "`client.organizations`",
    "ApiKey": "`client.api_keys`",
}
"""Types of which a method answers rows, and the method."""
INSIDE = ("DataDifferencesSummary", "SignedUrl")
"""Types inside of these that are worth a table."""
LINKS = {name: f"fields.md#{anchor(name)}" for name in (*LISTED, *INSIDE)}
"""Where the fields of a type stand."""


def fields_page() -> str:
    """The whole page."""
    schema = build_schema((SOURCE / "api" / "schema.graphql").read_text("utf-8"), assume_valid=True)
    page = Page("Fields", INTRODUCTION)
    for name in (*LISTED, *INSIDE):
        kind = schema.type_map[name]
        if not isinstance(kind, GraphQLObjectType):
            raise TypeError(f"{name} is no type with fields.")
        page.heading(2, name)
        page.add(f"As {LISTED[name]} can answer them." if name in LISTED else "Inside of the others.")
        rows = []
        for field, about in kind.fields.items():
            inner = get_named_type(about.type).name
            shown = f"[`{about.type}`](#{anchor(inner)})" if inner in LINKS else f"`{about.type}`"
            rows.append((f"`{field}`", shown, escaped(about.description or "")))
        page.add(table(("field", "type", "what it is"), rows))
    return page.text()

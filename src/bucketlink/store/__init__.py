"""SQL: tables, queries, migrations."""

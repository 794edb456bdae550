"""The GraphQL API: schema, resolvers, and the ways in."""

"""How the SDK speaks to a server."""

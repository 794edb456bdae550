"""The Python SDK. It speaks GraphQL to a server over HTTP, or to the same application in its own process.

Users write ``from bucketlink import Client``. `types` holds the shapes of what it answers.
"""

"""The command line, ``bucketlink``, which does its work through the SDK alone."""

from bucketlink.cli.root import main

__all__ = ["main"]

"""Writes ``docs/reference`` from docstrings, help texts and settings."""

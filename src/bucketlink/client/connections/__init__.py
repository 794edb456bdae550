"""Connections, their synchronization and its history."""

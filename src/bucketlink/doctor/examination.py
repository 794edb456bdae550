"""All looks, in the order in which they build on each other."""

import os
from collections.abc import Iterator, Mapping

from bucketlink.doctor import buckets, database, directory, environment, keys, server
from bucketlink.doctor.findings import Finding, Verdict, guarded
from bucketlink.settings import Settings


def examine(
    given: Mapping[str, object], *, endpoint: str | None, api_key: str | None, alone: bool
) -> Iterator[Finding]:
    """Look at everything, as it is now; nothing is changed, and what fails keeps no other look from being taken.

    Args:
        given: settings that count before the environment, by the names of their fields.
        endpoint: the server to look at, if any.
        api_key: the key for it.
        alone: whether to look at the server alone, and not at a data directory that is here as well.

    """
    settings, wrong = environment.usable_settings(given)
    yield from wrong
    yield from guarded("environment", lambda: environment.variables(os.environ))
    yield from guarded("settings", lambda: environment.values(settings, os.environ))
    yield from guarded("programs", environment.programs)
    yield from guarded("extras", environment.extras)
    if endpoint:
        yield from guarded("server", lambda: server.server(endpoint, api_key))
    if not endpoint or (not alone and settings.data_dir.exists()):
        yield from _local(settings, is_named="data_dir" in given or "data_dir" in settings.model_fields_set)


def _local(settings: Settings, *, is_named: bool) -> Iterator[Finding]:
    yield from guarded("data directory", lambda: directory.data_directory(settings, is_named=is_named))
    opens = list(guarded("database", lambda: database.database(settings)))
    yield from opens
    yield from guarded("key", lambda: keys.master_key(settings))
    is_current = all(found.verdict is Verdict.OK for found in opens if found.check == "database")
    yield from guarded("worker", lambda: database.jobs(settings, is_current=is_current))
    if is_current and all(found.verdict is not Verdict.WRONG for found in opens):
        yield from guarded("sealed credentials", lambda: keys.sealed(settings))
        yield from guarded("buckets", lambda: buckets.buckets(settings))

"""Commands that mend something, as an operator can paste them."""

import os
import sysconfig
from pathlib import Path

from bucketlink.settings import Settings, default_data_dir
from bucketlink.text import quoted


def beside(settings: Settings, words: str) -> str:
    """Write a command that works on the same data directory and database from another terminal."""
    database = f"BUCKETLINK_DATABASE_URL={quoted(settings.database_url)} " if settings.database_url else ""
    is_usual = settings.data_dir == default_data_dir()
    return f"{database}bucketlink {words}" + ("" if is_usual else f" --data-dir {path(settings.data_dir)}")


def examining_as(user: str, settings: Settings) -> str:
    """Write the command by which another user looks; sudo keeps neither our PATH nor our variables."""
    program = path(Path(sysconfig.get_path("scripts")) / "bucketlink")
    database = f" --database {quoted(settings.database_url)}" if settings.database_url else ""
    return f"sudo -u {user} {program} doctor --data-dir {path(settings.data_dir)}{database}"


def installing(what: str) -> str:
    """Write how a package is installed for the Python that runs us."""
    return f"{path(Path(sysconfig.get_path('scripts')) / 'pip')} install {quoted(what)}"


def restoring(file: Path) -> str:
    """Write how a backup comes into the place of a database, which is kept with its log in another directory."""
    here, aside = path(file), path(file.with_name("damaged"))
    return (
        f"Stop every Bucketlink and put a backup (docs/operations/README.md) in its place: mkdir {aside} && "
        f"mv {here}* {aside} && cp BACKUP {here}"
    )


def copying(file: Path, copy: Path) -> str:
    """Write how a database is copied as it is at one moment, whoever works on it."""
    name = str(copy).replace("'", "''")
    statement = f"VACUUM INTO '{name}'"
    is_plain = path(copy) == str(copy)
    return f"sqlite3 {path(file)} " + (f'"{statement}"' if is_plain else quoted(statement))


def ending(process: int) -> str:
    """Write how a process is ended that keeps others waiting."""
    return f"End it, or what it does with the database: kill {process}"


def as_root(command: str) -> str:
    """Write a command that only root may run."""
    return command if is_root() else f"sudo {command}"


def is_root() -> bool:
    """Whether this process may do anything on this machine."""
    return os.geteuid() == 0


def user_name(number: int) -> str:
    """The name of a user of this machine, or the number where it has none."""
    import pwd  # noqa: PLC0415 - only for this

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def path(place: Path) -> str:
    """Write a path as one word of a shell's command line."""
    return quoted(str(place))

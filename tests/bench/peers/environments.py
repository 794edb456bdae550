"""The peers of the benchmark, and their environments, built from hashed locks and kept in ``.cache``.

``python -m tests.bench.peers.environments [usual | all | NAME ...]`` builds them ahead of the benchmark. A lock is made
from the ``.in`` beside it by ``make lock-peers``.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.clients.environments import BUILD_LOCK

ROOT = Path(__file__).parents[3]
CACHE = ROOT / ".cache" / "peers"
MARK = "built-from"
RCLONE = "rclone=1.60.*"
"""The package of Debian 12."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Where some peers are installed; its lock stands beside this file."""

    name: str

    @property
    def lock(self) -> Path:
        """Every package that is needed, with hashes."""
        return Path(__file__).with_name(f"{self.name}.lock")

    @property
    def directory(self) -> Path:
        """Where the environment is."""
        return CACHE / self.name

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.directory / "bin" / "python"

    @property
    def digest(self) -> str:
        """What the environment depends on: the lock, and the Python that it is made with."""
        made_of = BUILD_LOCK.read_bytes() + self.lock.read_bytes() + f"{sys.version}\n{self.directory}".encode()
        return hashlib.sha256(made_of).hexdigest()

    def is_built(self) -> bool:
        """Whether it is there, whole, and made from the lock as it is now."""
        mark = self.directory / MARK
        return mark.is_file() and mark.read_text("ascii") == self.digest

    def build(self) -> None:
        """Build it unless it is there; one process builds, others wait for it."""
        with _alone(self.name):
            if not self.is_built():
                shutil.rmtree(self.directory, ignore_errors=True)
                venv.create(self.directory, with_pip=True)
                self._install("-r", str(BUILD_LOCK))
                self._install("--no-deps", "--no-build-isolation", "-r", str(self.lock))
                (self.directory / MARK).write_text(self.digest, "ascii")

    def _install(self, *requirements: str) -> None:
        pip = [str(self.python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
        _run(self.name, *pip, "--require-hashes", *requirements)


class Debian(Environment):
    """A package of the machine's; its script needs nothing beside Python."""

    @property
    def python(self) -> Path:
        return Path(sys.executable)

    def is_built(self) -> bool:
        return shutil.which(self.name) is not None

    def build(self) -> None:
        with _alone(self.name):
            if not self.is_built():
                _run(self.name, "apt-get", "update", "-qq")
                _run(self.name, "apt-get", "install", "-y", "-qq", "--no-install-recommends", RCLONE)


LIBRARIES = Environment("libraries")
DATACHAIN = Environment("datachain")
LABEL_STUDIO = Environment("label-studio")
DEBIAN = Debian("rclone")

USUAL = (LIBRARIES, DATACHAIN, DEBIAN)
ALL = (*USUAL, LABEL_STUDIO)


@dataclass(frozen=True, slots=True)
class Peer:
    """Something that lists buckets too, by the script that is named as it is.

    Tasks are ``list``; ``diff`` and ``changed``, to list and compare with the keys of a layout, in a bucket that
    is as the layout says or has changed since; and ``save``, to list and keep.
    """

    name: str
    label: str
    home: Environment
    platforms: tuple[str, ...] = ("s3",)
    tasks: tuple[str, ...] = ("list",)

    def command(
        self, task: str, platform: str, endpoint: str, bucket: str, count: int, layout: str = "flat"
    ) -> list[str]:
        """What to run, with the checkout as directory; ``count`` is that of the bucket before it changed."""
        if task not in self.tasks or platform not in self.platforms:
            raise ValueError(f"{self.name} has no task {task} on {platform}.")
        module = f"tests.bench.peers.{self.name}"
        return [str(self.home.python), "-m", module, task, platform, endpoint, bucket, str(count), layout]

    def environment(self, scratch: Path) -> dict[str, str]:
        """The variables of the environment to run it with, and no others: nothing of the machine's is asked.

        What it keeps lies below ``scratch``, an empty directory; nobody is told of its being used.
        """
        path = os.pathsep.join([str(self.home.python.parent), os.environ.get("PATH", os.defpath)])
        return {
            "PATH": path,
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
            "LANG": "C.UTF-8",
            "DATACHAIN_ROOT_DIR": str(scratch),
            "DATACHAIN_NO_ANALYTICS": "1",
            "ITERATIVE_DO_NOT_TRACK": "1",
        }


PEERS = (
    Peer("boto3", "boto3", LIBRARIES, tasks=("list", "diff", "changed")),
    Peer("google_cloud_storage", "google-cloud-storage", LIBRARIES, platforms=("gcs",)),
    Peer("azure_storage_blob", "azure-storage-blob", LIBRARIES, platforms=("azure",)),
    Peer("obstore", "obstore", LIBRARIES, platforms=("s3", "gcs", "azure")),
    Peer("rclone", "rclone (Debian)", DEBIAN, platforms=("s3", "gcs", "azure")),
    Peer("datachain", "DataChain", DATACHAIN, tasks=("save",)),
    Peer("label_studio", "Label Studio", LABEL_STUDIO, tasks=("save",)),
)


def named(names: list[str]) -> list[Environment]:
    """The environments of these names, each once; ``usual`` and ``all`` stand for several."""
    several = {"usual": USUAL, "all": ALL}
    known = {environment.name: (environment,) for environment in ALL}
    return list({environment: None for name in names for environment in (several | known)[name]})


def _run(name: str, *command: str) -> None:
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env=variables | {"DEBIAN_FRONTEND": "noninteractive"},
    )
    if done.returncode:
        raise RuntimeError(f"The peer {name} could not be installed:\n{done.stderr[-2000:]}")


@contextmanager
def _alone(name: str) -> Iterator[None]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main(names: list[str]) -> int:
    """Build the environments of these names, or the usual ones; returns the exit status."""
    try:
        wanted = named(names or ["usual"])
    except KeyError as unknown:
        known = ", ".join(["usual", "all", *(environment.name for environment in ALL)])
        print(f"There is no environment {unknown}; there are {known}.", file=sys.stderr)  # noqa: T201 - asked for by hand
        return 2
    for environment in wanted:
        if not environment.is_built():
            print(f"Installing the benchmark's {environment.name} (once) ...", flush=True)  # noqa: T201 - asked for by hand
        environment.build()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

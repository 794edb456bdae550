"""The peers of the benchmark, and their environments, built from hashed locks and kept in ``.cache``.

``python -m tests.bench.peers.environments [usual | all | NAME ...]`` builds them ahead of the benchmark. A lock is made
from the ``.in`` beside it by ``make lock-peers``.
"""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.environments import CACHE, Buildable, Locked, alone, build_named, installed

RCLONE = "rclone=1.60.*"
"""The package of Debian 12."""


class Environment(Locked):
    """Where some peers are installed; its lock stands beside this file."""

    def __init__(self, name: str) -> None:
        super().__init__(CACHE / "peers" / name, Path(__file__).with_name(f"{name}.lock"))
        self.name = name


class Debian:
    """A package of the machine's; its script needs nothing beside Python."""

    python = Path(sys.executable)

    def __init__(self, name: str) -> None:
        self.name = name

    def is_built(self) -> bool:
        """Whether its command is there."""
        return shutil.which(self.name) is not None

    def build(self) -> None:
        """Install it unless it is there."""
        with alone(CACHE / "peers" / self.name):
            if not self.is_built():
                installed(self.name, "apt-get", "update", "-qq")
                installed(self.name, "apt-get", "install", "-y", "-qq", "--no-install-recommends", RCLONE)


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
    home: Environment | Debian
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


def named(names: list[str]) -> list[Buildable]:
    """The environments of these names, each once; ``usual`` and ``all`` stand for several."""
    several = {"usual": USUAL, "all": ALL}
    known = {environment.name: (environment,) for environment in ALL}
    return list({environment: None for name in names for environment in (several | known)[name]})


if __name__ == "__main__":
    sys.exit(build_named("the benchmark's", named, sys.argv[1:]))

"""A server that tests start: processes of its own, in a directory of its own, on a free port of this machine."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

START_SECONDS = 60


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def without_ours(**variables: str) -> dict[str, str]:
    """The environment of this process, with nothing of Bucketlink's but what is given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BUCKETLINK_")}
    return {**kept, **variables}


@dataclass(slots=True, kw_only=True)
class ServerProcess:
    """A running server. Use as a context manager, or call `stop`.

    It ends with the thread that started it, however that ends.
    """

    port: int = field(default_factory=free_port)
    _directory: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="server-")))
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        """The URL to read from."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Start all of it and wait until it answers."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End every process and remove what they wrote."""
        for process in reversed(self._processes):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._processes.clear()
        shutil.rmtree(self._directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self) -> None:
        raise NotImplementedError

    @staticmethod
    def _leashed(*command: str) -> list[str]:
        """A command whose process ends with the one that started it, even if that is killed."""
        return [*(["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []), *command]

    def _spawn(
        self, *command: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                self._leashed(*command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=cwd or self._directory,
                env={**os.environ, **(env or {})},
            )
        self._processes.append(process)
        return process

    def _wait(self, process: subprocess.Popen[bytes], port: int) -> None:
        """Wait until a process listens at a port; raises RuntimeError with the end of the log if it does not."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    log = self._log.read_text("utf-8", errors="replace")
                    raise RuntimeError(f"{type(self).__name__} does not come up: {log[-500:]}") from None
                time.sleep(0.02)
            else:
                return

    @property
    def _log(self) -> Path:
        return self._directory / "log"

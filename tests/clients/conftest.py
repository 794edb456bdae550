"""The published clients, unmodified, each in its environment, against a real server."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from tests.api.server import PRIVATE, Json, Server
from tests.clients.environments import ROOT, Environment

SCENARIOS = "tests.clients.scenarios"
SCENARIO_SECONDS = 120.0
LONGEST_COMPLAINT = 4000

PICTURES = [f"{folder}/{number}.jpg" for folder in ("bears", "cats") for number in range(3)]
ALL_KEYS = [*PICTURES, "cover.jpg"]
"""The pictures of a folder that `new_integration` makes."""


@dataclass(slots=True)
class Scenario:
    """A scenario script that was started."""

    process: subprocess.Popen[str]
    _written: tuple[str, str] | None = None

    def result(self) -> Json:
        """Wait until it has ended; answers the document that it printed."""
        if self._written is None:
            self._written = self.process.communicate(timeout=SCENARIO_SECONDS)
        printed, complaints = self._written
        if self.process.returncode:
            pytest.fail(complaints[-LONGEST_COMPLAINT:], pytrace=False)
        return json.loads(printed.splitlines()[-1])

    def stop(self) -> None:
        """End it, if it has not ended."""
        if self._written is None:
            self.process.kill()
            self.process.communicate()


@dataclass(frozen=True, slots=True)
class Client:
    """One generation of the client, pointed at a server by its environment alone, as its users do."""

    environment: Environment
    server: Server
    home: Path

    def run(self, scenario: str, /, **given: object) -> Json:
        """Run a scenario script; answers the document that it prints."""
        started = self.start(scenario, **given)
        try:
            return started.result()
        finally:
            started.stop()

    def start(self, scenario: str, /, **given: object) -> Scenario:
        """Start a scenario script; whoever starts it stops it."""
        process = subprocess.Popen(
            [self.environment.python, "-m", f"{SCENARIOS}.{scenario}", json.dumps(given)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.home),
                "KILI_API_KEY": self.server.api_key,
                "KILI_API_ENDPOINT": self.server.endpoint,
                "SCENARIO_CLIENT": self.environment.module,
            },
        )
        return Scenario(process)


@dataclass(frozen=True, slots=True)
class Integration:
    """One that reads a folder; its name is the folder's."""

    id: str
    folder: Path


NewIntegration = Callable[[str], Integration]
Start = Callable[..., Scenario]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that all scenarios share; each brings its own projects and integrations."""
    with Server(tmp_path_factory.mktemp("server"), PRIVATE) as server:
        yield server


@pytest.fixture(scope="session")
def environment(request: pytest.FixtureRequest) -> Environment:
    """One generation after the other: see `tests.clients.matrix`."""
    environment: Environment = request.param
    environment.build()
    return environment


@pytest.fixture(scope="session")
def client(environment: Environment, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Client:
    """A client with an empty home directory, and so without a cached schema."""
    return Client(environment, server, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def start(client: Client) -> Iterator[Start]:
    """Start scenarios that run side by side; they are stopped in the end."""
    with ExitStack() as stack:

        def start_one(name: str, /, at: Client = client, **given: object) -> Scenario:
            scenario = at.start(name, **given)
            stack.callback(scenario.stop)
            return scenario

        yield start_one


@pytest.fixture(scope="session")
def new_integration(server: Server) -> NewIntegration:
    """Make a folder of seven pictures and a text, and the integration that reads it."""
    numbers = count(1)

    def make(name: str) -> Integration:
        name = f"{name} {next(numbers)}"
        return Integration(server.create_folder_integration(name, [*ALL_KEYS, "cats/about.txt"]), server.root / name)

    return make

"""The published clients, unmodified, each in its environment, against a real server."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.api.server import Json, Server
from tests.clients.environments import ALL, ROOT, Environment

SCENARIOS = "tests.clients.scenarios"
SCENARIO_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario script that was started."""

    process: subprocess.Popen[str]

    def result(self) -> Json:
        """Wait until it has ended; answers the document that it printed."""
        printed, complaints = self.process.communicate(timeout=SCENARIO_SECONDS)
        assert self.process.returncode == 0, complaints
        return json.loads(printed.splitlines()[-1])

    def stop(self) -> None:
        """End it, if it has not ended."""
        self.process.kill()
        self.process.communicate()


@dataclass(frozen=True, slots=True)
class Client:
    """One generation of the client, pointed at a server by its environment alone, as its users do."""

    python: Path
    server: Server
    home: Path

    def run(self, scenario: str, **given: object) -> Json:
        """Run a scenario script; answers the document that it prints."""
        started = self.start(scenario, **given)
        try:
            return started.result()
        finally:
            started.stop()

    def start(self, scenario: str, **given: object) -> Scenario:
        """Start a scenario script; whoever starts it stops it."""
        process = subprocess.Popen(
            [self.python, "-m", f"{SCENARIOS}.{scenario}", json.dumps(given)],
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
            },
        )
        return Scenario(process)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that all scenarios share; each brings its own projects and integrations."""
    server = Server(tmp_path_factory.mktemp("server"), {"BUCKETLINK_ALLOW_PRIVATE_ENDPOINTS": "true"})
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session", params=ALL, ids=lambda environment: environment.version)
def environment(request: pytest.FixtureRequest) -> Environment:
    environment: Environment = request.param
    environment.build()
    return environment


@pytest.fixture(scope="session")
def client(environment: Environment, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Client:
    """A client with an empty home directory, and so without a cached schema."""
    return Client(environment.python, server, tmp_path_factory.mktemp("home"))

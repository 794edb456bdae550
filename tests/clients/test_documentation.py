"""What the page for those who come from the kili SDK shows is what happens."""

import os
import re
import subprocess

from tests.api.server import Server
from tests.clients.conftest import SCENARIO_SECONDS, Client
from tests.clients.environments import ROOT, Environment

PAGE = ROOT / "docs" / "coming-from-kili.md"
KEYS = ["2026/spring/1.jpg", "2026/spring/2.jpg", "2026/autumn/1.jpg"]


def test_runs_the_script_of_the_page(client: Client, environment: Environment, server: Server) -> None:
    page = PAGE.read_text("utf-8")
    (script,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    before = "from kili.client import Kili"
    assert before in script
    if environment.module != "kili.client":
        after = f"from {environment.module} import Kili"
        assert after in page
        script = script.replace(before, after)
    name = f"Street scenes of {environment.version}"
    server.create_folder_integration(name, KEYS)

    done = subprocess.run(
        [environment.python, "-W", "ignore", "-c", script.replace('name="Street scenes"', f"name={name!r}")],
        capture_output=True,
        text=True,
        check=False,
        timeout=SCENARIO_SECONDS,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(client.home),
            "KILI_API_KEY": server.api_key,
            "KILI_API_ENDPOINT": server.endpoint,
        },
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "2"

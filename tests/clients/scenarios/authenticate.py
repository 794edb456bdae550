"""Connect with a good key, with a bad one, with an expired one."""

import os

from tests.clients.scenarios.scenario import Kili, answer, connect, error_of, given

kili = connect()
cached = connect()
answer(
    {
        "user": kili.get_user(),
        "cached": cached.get_user(),
        "bad": error_of(lambda: Kili(api_key="bl_this-key-was-never-made-by-anyone")),
        "expired": error_of(lambda: Kili(api_key=given["expired"])),
        "schemas": sorted(name for _, _, files in os.walk(os.environ["HOME"]) for name in files if ".graphql" in name),
    }
)

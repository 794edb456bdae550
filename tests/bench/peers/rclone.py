"""rclone as Debian has it: one flat listing of sizes and keys, written to a file."""

import os
import subprocess
import tempfile

from tests.bench.peers.task import Clock, Found, Task, given

COMMAND = ("rclone", "ls", "--fast-list")


def remote(task: Task) -> tuple[str, dict[str, str]]:
    """The bucket's name, and the variables that say how it is reached."""
    if task.platform == "s3":
        return f":s3:{task.bucket}", {
            "RCLONE_S3_PROVIDER": "Other",
            "RCLONE_S3_ENDPOINT": task.endpoint,
            "RCLONE_S3_ACCESS_KEY_ID": "benchmark",
            "RCLONE_S3_SECRET_ACCESS_KEY": "benchmark",
        }
    if task.platform == "gcs":
        variables = {"RCLONE_GCS_ANONYMOUS": "true", "RCLONE_GCS_ENDPOINT": f"{task.endpoint}/storage/v1/"}
        return f":gcs:{task.bucket}", variables
    url = f"{task.endpoint}/{task.bucket}?sv=2020-08-04&sig=benchmark"
    return f":azureblob:{task.bucket}", {"RCLONE_AZUREBLOB_SAS_URL": url}


task = given()
name, variables = remote(task)
environment = os.environ | variables | {"RCLONE_CONFIG": os.devnull}
version = subprocess.run(["rclone", "version"], check=True, capture_output=True, text=True, env=environment)
with tempfile.TemporaryFile() as file:
    with Clock() as clock:
        subprocess.run([*COMMAND, name], check=True, stdout=file, env=environment)
    file.seek(0)
    found = Found(sum(1 for _ in file))
task.answer(clock, version.stdout.split()[1], found)

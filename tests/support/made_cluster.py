"""A migrated database cluster, made once for a whole run of the tests and copied to wherever a played house begins.

Making one takes seconds of every core, copying one a tenth; how a cluster is made from nothing is tested by itself (test_storage_embedded,
the demo of test_command_line).
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
from fcntl import LOCK_EX, flock
from pathlib import Path

from tapwealth.storage import migrate
from tapwealth.storage.embedded import EmbeddedServer

SHARED = "TAPWEALTH_TEST_SHARED"
"""In the environment of the tests: the folder that all processes of one run share."""
OUTLIVES_KILLS = "fsync = off"
"""What played houses' servers are set to, for good: the machine's memory outlives kill -9, and no test cuts the power. That a server is set
to outlive a power cut otherwise is proved of one that was made from nothing (test_durable_by_default)."""
_COPIED = ("cluster", "settings.conf", "postgres.log")


def give_database(house: Path) -> None:
    """Put a migrated cluster, in which nothing has happened yet, where the house will look for its own."""
    target = house / "database"
    target.mkdir(parents=True)
    target.chmod(0o711)
    for name in _COPIED:
        subprocess.run(["cp", "-a", _made() / name, target / name], check=True)


def _made() -> Path:
    """The folder of the cluster that is copied; made by whoever comes first."""
    path = Path(os.environ[SHARED]) / "made-cluster"
    with open(path.with_suffix(".lock"), "w") as lock:
        flock(lock, LOCK_EX)
        if not path.exists():
            _make(path)
    return path


def _make(path: Path) -> None:
    """In a folder that the server's user can reach, and taken from there when it is whole."""
    folder = Path(tempfile.mkdtemp(prefix="tapwealth-cluster-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        with EmbeddedServer(folder, {"fsync": "off"}) as server:
            asyncio.run(migrate.apply(server.dsn()))
        with (folder / "database" / "cluster" / "postgresql.conf").open("a", encoding="utf-8") as settings:
            settings.write(f"{OUTLIVES_KILLS}\n")
        subprocess.run(["mv", folder / "database", path], check=True)  # keeps owners across file systems too
    finally:
        shutil.rmtree(folder, ignore_errors=True)

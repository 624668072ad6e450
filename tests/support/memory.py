"""Where what a test writes need not wait for a disk: a folder in the machine's memory, if there is one with room."""

import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")
_ENOUGH_MB = 4_096
"""What the tests have lain there at a time is less than half of it, with the servers of four processes and a killed run's remains."""


def roomy() -> Path:
    """That folder, or the ordinary one for temporary files: nothing is lost with either by kill -9."""
    if not _MEMORY.is_dir() or not os.access(_MEMORY, os.W_OK | os.X_OK):
        return Path(tempfile.gettempdir())
    may_run = not os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC
    enough = shutil.disk_usage(_MEMORY).free >> 20 >= _ENOUGH_MB
    return _MEMORY if may_run and enough else Path(tempfile.gettempdir())

"""What processes have used of the processor, as Linux counts it: in hundredths of a second, user and system together (proc(5))."""

from os import sysconf
from pathlib import Path

_TICK_MS = 1_000 // sysconf("SC_CLK_TCK")
_PARENT, _USER, _SYSTEM, _CHILDREN_USER, _CHILDREN_SYSTEM = 1, 11, 12, 13, 14
"""Places behind the name in /proc/PID/stat."""


def processor_ms(pid: int) -> int:
    """Of one process, in milliseconds of a core."""
    own = _stat(Path("/proc") / str(pid))
    return (int(own[_USER]) + int(own[_SYSTEM])) * _TICK_MS


def family_ms(pid: int) -> int:
    """Of a process with its children, those that have ended included."""
    own = _stat(Path("/proc") / str(pid))
    ticks = sum(int(own[place]) for place in (_USER, _SYSTEM, _CHILDREN_USER, _CHILDREN_SYSTEM))
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            child = _stat(folder)
        except OSError:  # it ended just now
            continue
        if int(child[_PARENT]) == pid:
            ticks += int(child[_USER]) + int(child[_SYSTEM])
    return ticks * _TICK_MS


def _stat(folder: Path) -> list[str]:
    return (folder / "stat").read_text("utf-8", errors="replace").rpartition(")")[2].split()

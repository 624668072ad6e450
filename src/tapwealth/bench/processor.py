"""What processes have used of the processor, as Linux counts it: in hundredths of a second, user and system together (proc(5))."""

from collections.abc import Callable
from os import sysconf
from pathlib import Path
from typing import Any

from tapwealth.kernel.clock import processor_ns

_TICK_MS = 1_000 // sysconf("SC_CLK_TCK")
_PARENT, _USER, _SYSTEM, _CHILDREN_USER, _CHILDREN_SYSTEM = 1, 11, 12, 13, 14
"""Places behind the name in /proc/PID/stat."""
_LONG_ENOUGH = 50_000_000
"""Nanoseconds of a core that a piece of work is repeated for, at the least."""


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


def forget_most() -> None:
    """From here on `at_most_mb` counts anew (proc(5): clear_refs, 5)."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")


def at_most_mb() -> int:
    """The most that this process has held of the machine's memory."""
    (most,) = [line for line in Path("/proc/self/status").read_text("utf-8").splitlines() if line.startswith("VmHWM:")]
    return int(most.split()[1]) >> 10


def least_us(work: Callable[[], Any], *, runs: int, at_once: int) -> int:
    """Microseconds of this process that a piece of work takes: the least of so many runs, each of whole batches of it."""
    return min(_one_run(work, at_once) for _ in range(runs))


def _one_run(work: Callable[[], Any], at_once: int) -> int:
    started, times, took = processor_ns(), 0, 0
    while took < _LONG_ENOUGH:
        for _ in range(at_once):
            work()
        times, took = times + at_once, processor_ns() - started
    return took // times // 1_000


def _stat(folder: Path) -> list[str]:
    return (folder / "stat").read_text("utf-8", errors="replace").rpartition(")")[2].split()

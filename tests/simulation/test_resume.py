"""The played week is interrupted, by a kill or by Ctrl-C, and goes on from there to the same end, be it in one book or in sixteen."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from played_week import FEW_ORDERS, ORDERS_NAME, Outcome, database_pid, differences, play_week, theatre_folder

DAYS = 2
STOPPED = 3
"""The exit code of a week that was stopped before all was proved."""


def demo(folder: Path, orders: Path, until: str, sign: signal.Signals) -> int:
    """`tapwealth demo`, signalled when it begins the scene of that name; its exit code."""
    command = [sys.executable, "-m", "tapwealth.cli", "demo", "--data-dir", str(folder), "--days", str(DAYS), "--books", "1"]
    command += ["--orders", str(orders)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as playing:
        assert playing.stderr is not None
        said = []
        for line in playing.stderr:
            said.append(line)
            if line.rstrip().endswith(until):
                playing.send_signal(sign)
        assert any(line.rstrip().endswith(until) for line in said), said[-5:]
    return playing.returncode


def test_an_interrupted_week_goes_on_to_the_same_end_in_one_book_as_in_sixteen(unkilled: Callable[[int], Outcome], tmp_path: Path) -> None:
    orders = tmp_path / ORDERS_NAME
    orders.write_bytes(FEW_ORDERS)
    with theatre_folder() as folder:
        assert demo(folder, orders, "the other channel sends its orders", signal.SIGKILL) == -signal.SIGKILL
        assert demo(folder, orders, "day 1: the date is closed", signal.SIGINT) == STOPPED
        assert database_pid(folder) is None, "Ctrl-C stops the database, in order"
        outcome = asyncio.run(play_week(folder, DAYS, books=1))
    assert outcome.audit["clean"], outcome.audit
    assert not differences(unkilled(DAYS).comparable(), outcome.comparable())

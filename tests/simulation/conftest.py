"""What the simulations share: the same days as nobody disturbs them, played once, whatever the number of processes that run the tests."""

import asyncio
import os
import pickle
from collections.abc import Callable
from fcntl import LOCK_EX, flock
from functools import cache
from pathlib import Path

import pytest
from played_week import Outcome, play_week, theatre_folder


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for the whole run of the tests."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def unkilled(shared_folder: Path) -> Callable[[int], Outcome]:
    """By the number of days: what they come to when all goes well."""

    @cache
    def played(days: int) -> Outcome:
        path = shared_folder / f"unkilled-{days}"
        with open(path.with_suffix(".lock"), "w") as lock:
            flock(lock, LOCK_EX)
            if not path.exists():
                path.write_bytes(pickle.dumps(_undisturbed(days)))
            outcome: Outcome = pickle.loads(path.read_bytes())
            return outcome

    return played


def _undisturbed(days: int) -> Outcome:
    with theatre_folder() as folder:
        outcome = asyncio.run(play_week(folder, days))
    assert outcome.proved, outcome.unproved
    assert outcome.audit["clean"]
    return outcome

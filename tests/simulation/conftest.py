"""What the simulations share: the same days as nobody disturbs them, played once a session."""

import asyncio
from collections.abc import Callable
from functools import cache

import pytest
from played_week import Outcome, play_week, theatre_folder


@pytest.fixture(scope="session")
def unkilled() -> Callable[[int], Outcome]:
    """By the number of days: what they come to when all goes well."""

    @cache
    def played(days: int) -> Outcome:
        with theatre_folder() as folder:
            outcome = asyncio.run(play_week(folder, days))
        assert outcome.proved, outcome.unproved
        assert outcome.audit["clean"]
        return outcome

    return played

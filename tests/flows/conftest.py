"""What most tests of flows begin with: a town on a fresh database, and one with the counter of a bank that issues cards."""

from collections.abc import AsyncIterator, Callable
from importlib.resources import files
from pathlib import Path

import pytest
from bill_town import Town, town
from card_town import CardTown, card_town

from tapwealth.compliance import rules


@pytest.fixture
async def place(new_database: Callable[[], str], tmp_path: Path) -> AsyncIterator[Town]:
    async with town(new_database(), tmp_path) as made:
        yield made


@pytest.fixture
async def host(place: Town) -> CardTown:
    return await card_town(place)


@pytest.fixture
def spending_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule set as it ships, with the disputed reading the other way."""
    text = files("tapwealth.compliance").joinpath("data/rules.csv").read_text("utf-8")
    read = rules.read_rules(text.replace("instant_redemption,spending_counts,0", "instant_redemption,spending_counts,1"), "rules.csv")
    monkeypatch.setattr(rules, "_shipped", lambda: read)

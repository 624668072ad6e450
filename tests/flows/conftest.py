"""What most tests of flows begin with: a town on a fresh database, and one with the counter of a bank that issues cards."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from bill_town import Town, town
from card_town import CardTown, card_town


@pytest.fixture
async def place(new_database: Callable[[], str], tmp_path: Path) -> AsyncIterator[Town]:
    async with town(new_database(), tmp_path) as made:
        yield made


@pytest.fixture
async def host(place: Town) -> CardTown:
    return await card_town(place)

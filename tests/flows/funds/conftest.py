"""A town with a fund, its two channels and the sandbox registrar."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from fund_town import FundTown, fund_town


@pytest.fixture
async def place(new_database: Callable[[], str], tmp_path: Path) -> AsyncIterator[FundTown]:
    async with fund_town(new_database(), tmp_path) as made:
        yield made

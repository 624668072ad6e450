"""A town with a fund, its two channels and the sandbox registrar."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from fund_town import FundTown, fund_town

from tapwealth.app.house import archives_in
from tapwealth.flows.catalogue.sales import sale_findings
from tapwealth.flows.funds.shown import shown_findings


@pytest.fixture
async def place(new_database: Callable[[], str], tmp_path: Path) -> AsyncIterator[FundTown]:
    """Whatever a test did there, each holder is shown what the ledger moved, and every sale is what was signed."""
    async with fund_town(new_database(), tmp_path) as made:
        yield made
        async with made.house.database.read() as tx:
            for book in range(made.house.books + 1):
                assert await shown_findings(tx, book, archives_in(tmp_path)) == []
                assert await sale_findings(made.house.keys)(tx, book, archives_in(tmp_path)) == []

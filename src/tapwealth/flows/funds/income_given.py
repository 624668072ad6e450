"""What a holder has been given by money funds, day by day, whether its year lies in the database or in an archive."""

from collections import defaultdict
from datetime import date
from typing import Any
from uuid import UUID

from tapwealth.flows.frame import House
from tapwealth.funds import income_store
from tapwealth.funds.income_store import Income


async def income_of(house: House, tx: Any, book: int, holder: UUID) -> list[Income]:
    """The oldest first. Raises Outage where the file of an archived year is not to be had."""
    online = await income_store.income_online(tx, book, holder)
    archived: list[Income] = []
    for account, days in (await income_store.archived_days(tx, book, holder)).items():
        shares = await house.ledger.archived_shares(tx, account)
        archived += [days[no]._replace(amount=amount) for no, amount in shares if no in days]
    found = {(one.fund, one.income_date): one for one in [*archived, *online]}  # a year archived between the two is in both
    return sorted(found.values(), key=lambda one: (one.income_date, one.fund))


async def income_by_fund(house: House, tx: Any, book: int, holder: UUID) -> dict[str, dict[date, int]]:
    """Fen by fund and the day that earned it, the oldest first."""
    found: dict[str, dict[date, int]] = defaultdict(dict)
    for one in await income_of(house, tx, book, holder):
        found[one.fund][one.income_date] = one.amount
    return found

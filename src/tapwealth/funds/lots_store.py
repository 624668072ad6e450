"""SQL of lots: a holder's units of a fund with a NAV by when they came, and what has gone of each. Both are only ever added to."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.funds.lots import Lot
from tapwealth.storage.columns import columns

Holder = tuple[int, UUID, str]
"""(book, fund account, fund)."""


class LotRow(NamedTuple):
    """Units (1/100) that came on a day. `number` orders what came on one day; `source` is the order, or what else brought them."""

    book: int
    id: UUID
    fund_account: UUID
    fund: str
    confirmed_on: date
    number: int
    units: int
    source: UUID
    business_date: date


class LotUse(NamedTuple):
    """Units of a lot that went by the journal entry `source`, with the fee in fen that they paid by our computation."""

    book: int
    lot: UUID
    source: UUID
    fund_account: UUID
    fund: str
    units: int
    fee: int
    business_date: date


class LeftLot(NamedTuple):
    """What is left of a lot; the lot's own number orders it among all of its holder."""

    id: UUID
    lot: Lot


async def add_lots(tx: Any, rows: Sequence[LotRow]) -> None:
    await tx.execute(
        "insert into fund_lot (book, id, fund_account, fund, confirmed_on, number, units, source, business_date) select * from"
        " unnest($1::int[], $2::uuid[], $3::uuid[], $4::text[], $5::date[], $6::int[], $7::bigint[], $8::uuid[], $9::date[])",
        *columns(rows, 9),
    )


async def use_lots(tx: Any, rows: Sequence[LotUse]) -> None:
    """The caller holds the books' locks: what is left was read under them."""
    await tx.execute(
        "insert into fund_lot_use (book, lot, source, fund_account, fund, units, fee, business_date) select * from"
        " unnest($1::int[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::bigint[], $7::bigint[], $8::date[])",
        *columns(rows, 8),
    )


async def lots_left(tx: Any, holders: Iterable[Holder]) -> dict[tuple[UUID, str], list[LeftLot]]:
    """By (fund account, fund), the oldest first; also of those who have none."""
    wanted = list(holders)
    rows = await tx.fetch(
        "select l.id, l.fund_account, l.fund, l.confirmed_on, l.units - coalesce(sum(u.units), 0)::bigint as units"
        " from unnest($1::int[], $2::uuid[], $3::text[]) k(book, fund_account, fund)"
        " join fund_lot l using (book, fund_account, fund) left join fund_lot_use u on u.book = l.book and u.lot = l.id"
        " group by l.book, l.id having l.units > coalesce(sum(u.units), 0) order by l.confirmed_on, l.number, l.id",
        *columns(wanted, 3),
    )
    found: dict[tuple[UUID, str], list[LeftLot]] = defaultdict(list)
    for number, row in enumerate(rows):
        found[row["fund_account"], row["fund"]].append(LeftLot(row["id"], Lot(row["confirmed_on"], number, row["units"])))
    return found


async def units_on(tx: Any, day: date) -> dict[tuple[UUID, str], int]:
    """What the lots of each (fund account, fund) come to, of what is dated at or before a day."""
    rows = await tx.fetch(
        "select fund_account, fund, sum(units)::bigint as units from (select fund_account, fund, units from fund_lot"
        " where business_date <= $1 union all select fund_account, fund, -units from fund_lot_use where business_date <= $1) x"
        " group by fund_account, fund",
        day,
    )
    return {(row["fund_account"], row["fund"]): row["units"] for row in rows}

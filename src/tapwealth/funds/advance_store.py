"""SQL of the advancer's redemptions: the units it asks money for, each book's part, and what the registrar has to pay for them. Lists in,
lists out."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from tapwealth.funds.order_state import OrderState
from tapwealth.storage.columns import columns


class Redemption(NamedTuple):
    """The advancer's units on their way back into money. `confirmed_on`: the date of the registrar's last word, under which it is booked;
    none while a rest goes on."""

    serial: str
    fund: str
    dealing_date: date
    units: int
    state: str
    confirmed_on: date | None
    paid_on: date | None


class AdvanceDue(NamedTuple):
    """A book's units (and fen) that the registrar has confirmed on `confirmed_on` and has to pay: `name` is the end-to-end id of its
    payment, with others of that day."""

    book: int
    serial: str
    confirmed_on: date
    name: str
    units: int
    business_date: date
    paid_on: date | None


async def add_redemptions(tx: Any, fresh: Sequence[Redemption]) -> None:
    """As they are sent."""
    await tx.execute(
        "insert into advance_redemption (book, serial, fund, dealing_date, units, state)"
        " select 0, x.*, 'sent' from unnest($1::text[], $2::text[], $3::date[], $4::bigint[]) x on conflict do nothing",
        *columns([one[:4] for one in fresh], 4),
    )


async def add_redemption_parts(tx: Any, parts: Mapping[str, Mapping[int, int]]) -> None:
    """Each book's units in redemptions, by serial."""
    await tx.execute(
        "insert into advance_redemption_part (serial, book, units)"
        " select * from unnest($1::text[], $2::int[], $3::bigint[]) on conflict do nothing",
        *columns([(serial, book, units) for serial, of in parts.items() for book, units in of.items()], 3),
    )


async def redemptions(tx: Any) -> list[Redemption]:
    rows = await tx.fetch(
        "select serial, fund, dealing_date, units, state, confirmed_on, paid_on from advance_redemption where book = 0"
        " order by dealing_date, serial"
    )
    return [Redemption(*row) for row in rows]


async def open_units(tx: Any, serials: Sequence[str], day: date) -> dict[str, dict[int, int]]:
    """Of each, by book, the units that were not confirmed by the end of that date."""
    rows = await tx.fetch(
        "select p.serial, p.book, (p.units - coalesce(sum(d.units), 0))::bigint as units from advance_redemption_part p"
        " left join advance_due d on d.book = p.book and d.serial = p.serial and d.business_date <= $2 where p.serial = any($1)"
        " group by p.book, p.serial, p.units order by p.book",
        list(serials),
        day,
    )
    left: dict[str, dict[int, int]] = {serial: {} for serial in serials}
    for row in rows:
        left[row["serial"]][row["book"]] = row["units"]
    return left


async def move_redemptions(tx: Any, serials: Sequence[str], state: OrderState, day: date) -> None:
    """sent (→ deferred) → confirmed → paid; or → refused: then its units may be asked for again. As of that date."""
    await tx.execute(
        "update advance_redemption set state = $2, confirmed_on = case when $2 in ('confirmed', 'refused') then $3 else confirmed_on end,"
        " paid_on = case when $2 = 'paid' then $3 end where book = 0 and serial = any($1)",
        list(serials),
        state,
        day,
    )


async def add_dues(tx: Any, dues: Sequence[AdvanceDue]) -> None:
    await tx.execute(
        "insert into advance_due (book, serial, confirmed_on, name, units, business_date, paid_on) select * from"
        " unnest($1::int[], $2::text[], $3::date[], $4::text[], $5::bigint[], $6::date[], $7::date[])",
        *columns(dues, 7),
    )


async def unpaid_dues(tx: Any, names: Sequence[str]) -> dict[str, list[AdvanceDue]]:
    """What is due under each name."""
    rows = await tx.fetch(f"select {_DUE} from advance_due where name = any($1) and paid_on is null order by serial, book", list(names))
    found: dict[str, list[AdvanceDue]] = {name: [] for name in names}
    for row in rows:
        found[row["name"]].append(AdvanceDue(*row))
    return found


async def dues_before(tx: Any, day: date) -> list[AdvanceDue]:
    """What was confirmed before that date and is not paid."""
    rows = await tx.fetch(f"select {_DUE} from advance_due where paid_on is null and business_date < $1 order by serial, book", day)
    return [AdvanceDue(*row) for row in rows]


async def pay_dues(tx: Any, paid: Sequence[tuple[AdvanceDue, date]]) -> None:
    """Each with the date on which its money came."""
    await tx.execute(
        "update advance_due d set paid_on = x.paid_on from unnest($1::int[], $2::text[], $3::date[], $4::date[])"
        " x(book, serial, confirmed_on, paid_on)"
        " where d.book = x.book and d.serial = x.serial and d.confirmed_on = x.confirmed_on and d.paid_on is null",
        *columns([(*due[:3], day) for due, day in paid], 4),
    )


async def still_due(tx: Any, serials: Sequence[str]) -> set[str]:
    """Those for which something is not paid."""
    rows = await tx.fetch("select distinct serial from advance_due where serial = any($1) and paid_on is null", list(serials))
    return {row["serial"] for row in rows}


_DUE = "book, serial, confirmed_on, name, units, business_date, paid_on"

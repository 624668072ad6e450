"""SQL of the advancer's redemptions: the units it asks money for, and each book's part. Lists in, lists out."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from tapwealth.storage.columns import columns


class Redemption(NamedTuple):
    """The advancer's units on their way back into money."""

    serial: str
    fund: str
    dealing_date: date
    units: int
    state: str
    confirmed_on: date | None
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


async def redemption_parts(tx: Any, serials: Sequence[str]) -> dict[str, dict[int, int]]:
    """Units by book, of each."""
    rows = await tx.fetch("select serial, book, units from advance_redemption_part where serial = any($1) order by book", list(serials))
    parts: dict[str, dict[int, int]] = {serial: {} for serial in serials}
    for row in rows:
        parts[row["serial"]][row["book"]] = row["units"]
    return parts


async def move_redemption(tx: Any, serial: str, state: str, day: date) -> None:
    """sent → confirmed → paid; or sent → refused: then its units may be asked for again."""
    column = {"confirmed": "confirmed_on", "refused": "confirmed_on", "paid": "paid_on"}[state]
    await tx.execute(f"update advance_redemption set state = $2, {column} = $3 where book = 0 and serial = $1", serial, state, day)

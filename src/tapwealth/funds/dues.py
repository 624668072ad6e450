"""What the registrar has confirmed and has to pay for customers: noted with the confirmation, paid when its money has come. SQL."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID


class RegistrarDue(NamedTuple):
    """A customer's money that the registrar has confirmed and has to pay: `name` is the end-to-end id of its payment, with others of the
    day; from the collection account it goes on to `wallet`."""

    book: int
    id: UUID
    fund_order: UUID
    name: str
    wallet: int
    amount: int
    business_date: date
    paid_on: date | None


async def add_dues(tx: Any, dues: Sequence[RegistrarDue]) -> None:
    await tx.execute(
        "insert into registrar_due (book, id, fund_order, name, wallet, amount, business_date, paid_on) select * from"
        " unnest($1::int[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::bigint[], $7::date[], $8::date[])",
        *([due[column] for due in dues] for column in range(8)),
    )


async def unpaid_dues(tx: Any, names: Sequence[str]) -> dict[str, list[RegistrarDue]]:
    """What is due under each name, in the order of books and ids."""
    rows = await tx.fetch(
        "select book, id, fund_order, name, wallet, amount, business_date, paid_on from registrar_due"
        " where name = any($1) and paid_on is null order by book, id",
        list(names),
    )
    found: dict[str, list[RegistrarDue]] = {name: [] for name in names}
    for row in rows:
        found[row["name"]].append(RegistrarDue(*row))
    return found


async def pay_dues(tx: Any, dues: Sequence[RegistrarDue], day: date) -> None:
    await tx.execute(
        "update registrar_due d set paid_on = $3 from unnest($1::int[], $2::uuid[]) x(book, id)"
        " where d.book = x.book and d.id = x.id and d.paid_on is null",
        [one.book for one in dues],
        [one.id for one in dues],
        day,
    )


class Unpaid(NamedTuple):
    """What of a fund is due under a name: confirmed on a date, to so many customers, fen."""

    name: str
    fund: str
    confirmed_on: date
    customers: int
    amount: int


async def dues_before(tx: Any, day: date) -> list[Unpaid]:
    """What was confirmed before that date and is not paid."""
    rows = await tx.fetch(
        "select d.name, coalesce(o.fund, ''), min(d.business_date), count(*)::int, sum(d.amount)::bigint from registrar_due d"
        " left join fund_order o on o.book = d.book and o.id = d.fund_order"
        " where d.paid_on is null and d.business_date < $1 group by 1, 2 order by 1, 2",
        day,
    )
    return [Unpaid(*row) for row in rows]


async def paid_whole(tx: Any, orders: Sequence[tuple[int, UUID]]) -> list[tuple[int, UUID]]:
    """Those of the orders (book, id) for which nothing is due any more."""
    rows = await tx.fetch(
        "select k.book, k.id from unnest($1::int[], $2::uuid[]) k(book, id) where not exists"
        " (select from registrar_due d where d.book = k.book and d.fund_order = k.id and d.paid_on is null) order by 1, 2",
        [book for book, _ in orders],
        [order for _, order in orders],
    )
    return [(row["book"], row["id"]) for row in rows]

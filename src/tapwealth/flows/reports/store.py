"""All SQL of the reports: reads that lay several capabilities' rows side by side, or count them by business date.

Nothing here writes. What one capability alone is asked for stands in that capability's own store. Orders are by business facts: an id
decides nothing, so that the same history is reported alike whatever ids and however many books it was given.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.ledger.chart import Kind
from tapwealth.wire.iso8583.requests import TransactionKind


class BusinessDay(NamedTuple):
    """A date that has begun to end."""

    business_date: date
    state: str


async def business_days(tx: Any) -> list[BusinessDay]:
    rows = await tx.fetch("select business_date, state from business_day order by business_date")
    return [BusinessDay(*row) for row in rows]


async def busy_dates(tx: Any) -> list[date]:
    """Business dates on which customers did something."""
    rows = await tx.fetch(
        "select business_date from authorisation union select business_date from fund_order union select business_date from bill_payment"
        " union select business_date from policy"
        " union select instructed_on from payment_instruction where book = 0 and purpose in ('move_in', 'move_out') order by 1"
    )
    return [row[0] for row in rows]


async def platform_now(tx: Any) -> datetime:
    now: datetime = await tx.fetchval("select instant from platform_clock")
    return now


_BY_CARD = (TransactionKind.SALE, TransactionKind.OFFLINE_SALE, TransactionKind.PREAUTHORISATION, TransactionKind.BALANCE)
"""What a card is held to a reader for; the rest follows it."""


async def taps(tx: Any) -> dict[date, tuple[int, int, int, int]]:
    """By date of the tap: (approved, declined, reversed, expired); what was reversed or expired had been approved."""
    rows = await tx.fetch(
        "select business_date, count(*) filter (where state <> 'declined'), count(*) filter (where state = 'declined'),"
        " count(*) filter (where state = 'reversed'), count(*) filter (where state = 'expired') from authorisation"
        " where kind = any($1) group by 1",
        list(_BY_CARD),
    )
    return {row[0]: tuple(row[1:]) for row in rows}


async def captures(tx: Any) -> dict[date, tuple[int, int, int]]:
    """By date of clearing: (sales, fen, fen of them that the fund paid)."""
    rows = await tx.fetch(
        "select captured_on, count(*), sum(captured_amount)::bigint, sum(fund_units)::bigint from authorisation"
        " where captured_on is not null group by 1"
    )
    return {row[0]: tuple(row[1:]) for row in rows}


async def bill_payments(tx: Any) -> dict[tuple[date, str], tuple[int, int]]:
    """By date of the debit and state: (payments, fen)."""
    rows = await tx.fetch("select business_date, state, count(*), sum(amount)::bigint from bill_payment group by 1, 2")
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


async def purchases(tx: Any) -> dict[tuple[date, str], tuple[int, int]]:
    """By date of the order and channel: (orders, fen)."""
    rows = await tx.fetch(
        "select business_date, channel, count(*), sum(amount)::bigint from fund_order where business_code in ('022', '039') group by 1, 2"
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


async def confirmed_purchases(tx: Any) -> dict[date, tuple[int, int]]:
    """By date of the confirmation: (orders, fen) that became units."""
    rows = await tx.fetch(
        "select confirmed_on, count(*), sum(confirmed_amount)::bigint from fund_order"
        " where business_code in ('022', '039') and state = 'confirmed' group by 1"
    )
    return {row[0]: (row[1], row[2]) for row in rows}


async def policies_bought(tx: Any) -> dict[date, tuple[int, int]]:
    """By date of the debit: (policies, fen of premium)."""
    rows = await tx.fetch("select business_date, count(*), sum(premium)::bigint from policy group by 1")
    return {row[0]: (row[1], row[2]) for row in rows}


async def policies_refunded(tx: Any) -> dict[date, tuple[int, int]]:
    """By date on which the insurer's money arrived: (policies, fen)."""
    rows = await tx.fetch("select refunded_on, count(*), sum(refund)::bigint from policy where refunded_on is not null group by 1")
    return {row[0]: (row[1], row[2]) for row in rows}


@dataclass(frozen=True, slots=True)
class Sale:
    """A tap as its merchant sees it."""

    merchant_number: str
    business_date: date
    received_at: datetime
    terminal_number: str
    batch: str
    stan: str
    masked_token: str
    amount: int
    state: str
    response_code: str
    fund_units: int
    authorisation_code: str
    kind: str


async def sales(tx: Any, merchant_number: str | None, most: int) -> list[Sale]:
    """The newest of one merchant or of all, oldest first."""
    rows = await tx.fetch(
        "select a.merchant_number, a.business_date, a.received_at, a.terminal_number, a.batch, a.stan, coalesce(t.masked_token, ''),"
        " a.amount, a.state, a.response_code, a.fund_units, a.authorisation_code, a.kind"
        " from authorisation a left join card_token t on t.book = a.book and t.id = a.token"
        " where $1::text is null or a.merchant_number = $1"
        " order by a.received_at desc, a.merchant_number desc, a.terminal_number desc, a.batch desc, a.stan desc limit $2",
        merchant_number,
        most,
    )
    return [Sale(*row) for row in reversed(rows)]


async def holders(tx: Any) -> list[tuple[int, UUID, str]]:
    """(book, id, channel) of everyone with an account at the registrar."""
    rows = await tx.fetch("select book, id, channel from fund_account where state = 'open'")
    return [(row[0], row[1], row[2]) for row in rows]


class UnderWay(NamedTuple):
    """Fen of a customer's that are on no account of theirs: in purchases and subscriptions that the registrar has not answered, what it
    owes for redemptions, on the way to the wallet from another account of ours, and from the wallet to a card."""

    purchases: int
    redemptions: int
    to_wallet: int
    to_card: int


async def money_under_way(tx: Any, book: int, person: UUID, day: date = date.max) -> UnderWay:
    """At the end of that business date, by what is known of it now."""
    row = await tx.fetchrow(
        "select (select coalesce(sum(amount), 0) from fund_order"
        " where book = $1 and fund_account = $2 and business_code in ('020', '022', '039')"
        " and business_date <= $4 and (confirmed_on is null or confirmed_on > $4))::bigint,"
        " (select coalesce(sum(d.amount), 0) from registrar_due d join account a on a.book = d.book and a.id = d.wallet"
        " where a.book = $1 and a.kind = $3 and a.owner = $2 and d.business_date <= $4 and (d.paid_on is null or d.paid_on > $4))::bigint,"
        f" (select coalesce(sum(p.amount), 0) {_PAYMENTS.format('target')})::bigint,"
        f" (select coalesce(sum(p.amount), 0) {_PAYMENTS.format('source')})::bigint",
        book,
        person,
        Kind.WALLET,
        day,
    )
    return UnderWay(*row)


_PAYMENTS = (
    "from instruction_part p join account a on a.book = p.book and a.id = p.{} join payment_instruction i on i.book = 0"
    " and i.id = p.instruction where a.book = $1 and a.kind = $3 and a.owner = $2 and not i.direct_debit"
    " and i.instructed_on <= $4 and (i.settled_on is null or i.settled_on > $4)"
)
"""Payments that take to a wallet, or from it, and that the bank had not settled at a date's end."""


class Told(NamedTuple):
    """What one line of a statement is about: the customer's own act, where there is one, and the name to show."""

    at: datetime
    name: str = ""
    detail: str = ""


async def instructions(tx: Any, ids: Sequence[UUID]) -> dict[UUID, Told]:
    """Payments through the bank: when they were instructed, the bank and the end of the number of the card, the purpose."""
    rows = await tx.fetch(
        "select i.id, i.instructed_at, coalesce(c.bank_name || ' ' || right(c.masked_pan, 4), ''), i.purpose"
        " from payment_instruction i"
        " left join instruction_part p on p.instruction = i.id and p.line = 0"
        " left join bank_card c on c.book = p.book and c.id::text = case when i.direct_debit then i.from_account else i.to_account end"
        " where i.book = 0 and i.id = any($1)",
        list(ids),
    )
    return {row[0]: Told(*row[1:]) for row in rows}


async def told_taps(tx: Any, book: int, ids: Sequence[UUID]) -> dict[UUID, Told]:
    rows = await tx.fetch(
        "select a.id, a.received_at, coalesce(m.name, a.merchant_number) from authorisation a"
        " left join merchant m on m.book = 0 and m.id = a.merchant where a.book = $1 and a.id = any($2)",
        book,
        list(ids),
    )
    return {row[0]: Told(*row[1:]) for row in rows}


async def told_orders(tx: Any, book: int, ids: Sequence[UUID]) -> dict[UUID, Told]:
    """With the fund's name in Chinese and in English; of a switch, with both funds', the one that is left first."""
    rows = await tx.fetch(
        "select o.id, o.received_at, f.name || coalesce(' → ' || t.name, ''), f.name_en || coalesce(' → ' || t.name_en, '')"
        " from fund_order o join fund f on f.book = 0 and f.code = o.fund left join fund t on t.book = 0 and t.code = o.target_fund"
        " where o.book = $1 and o.id = any($2)",
        book,
        list(ids),
    )
    return {row[0]: Told(*row[1:]) for row in rows}


async def told_bills(tx: Any, book: int, ids: Sequence[UUID]) -> dict[UUID, tuple[datetime, UUID, str]]:
    """(when, biller, period) of payments of bills."""
    rows = await tx.fetch(
        "select p.id, p.received_at, p.biller, b.period from bill_payment p join bill b on b.book = p.book and b.id = p.bill"
        " where p.book = $1 and p.id = any($2)",
        book,
        list(ids),
    )
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


async def wallet_owners(tx: Any, book: int, accounts: Sequence[int]) -> dict[int, str]:
    """The masked name of the person whose ledger account it is."""
    rows = await tx.fetch(
        "select a.id, p.shown_name from account a join person p on p.book = a.book and p.id = a.owner where a.book = $1 and a.id = any($2)",
        book,
        list(accounts),
    )
    return {row[0]: row[1] for row in rows}


class BillerDate(NamedTuple):
    """A biller's `agreed` payments and fen in its file of the date, and what was settled with it at the date's end."""

    day: date
    code: str
    name: str
    name_en: str
    agreed: int
    agreed_amount: int
    payments: int
    gross: int
    fee: int
    brought_forward: int
    payout: int


async def biller_dates(tx: Any) -> list[BillerDate]:
    """By date and code; dates with neither are left out."""
    rows = await tx.fetch(
        "with told as (select matched_on as day, biller, count(*)::int as agreed, sum(amount)::bigint as agreed_amount from bill_payment"
        " where matched_on is not null group by 1, 2)"
        " select coalesce(s.day, t.day), b.code, b.name, b.name_en, coalesce(t.agreed, 0), coalesce(t.agreed_amount, 0),"
        " coalesce(s.payments, 0), coalesce(s.gross, 0), coalesce(s.fee, 0), coalesce(s.brought_forward, 0), coalesce(s.payout, 0)"
        " from (select * from biller_settlement where book = 0) s full join told t on t.day = s.day and t.biller = s.biller"
        " join biller b on b.book = 0 and b.id = coalesce(s.biller, t.biller) order by 1, 2"
    )
    return [BillerDate(*row) for row in rows]


async def payees(tx: Any, book: int, sends: Sequence[UUID]) -> dict[UUID, str]:
    """The masked name of whom money was sent to in another book, by the key of the sending entry."""
    rows = await tx.fetch(
        "select t.id, p.shown_name from book_transfer t join person p on p.book = t.to_book and p.id = t.payee"
        " where t.book = $1 and t.id = any($2)",
        book,
        list(sends),
    )
    return {row[0]: row[1] for row in rows}


async def payers(tx: Any, to_book: int, sends: Sequence[UUID]) -> dict[UUID, Told]:
    """Whom money came from out of another book, and when it was sent: its arrival is dated like one within a book."""
    rows = await tx.fetch(
        "select t.id, k.recorded_at, p.shown_name from book_transfer t join person p on p.book = t.book and p.id = t.payer"
        " join transfer l on l.book = t.book and l.key = t.id and l.seq = 0"
        " join batch k on k.book = l.book and k.batch = l.no >> 20 where t.to_book = $1 and t.id = any($2)",
        to_book,
        list(sends),
    )
    return {row[0]: Told(*row[1:]) for row in rows}


async def files(tx: Any, day: date | None) -> list[tuple[date, str, bool, int]]:
    """(date, name, outgoing, records) of the exchanged files, of one date or all."""
    rows = await tx.fetch(
        "select business_date, name, outgoing, records from exchange_file where book = 0 and ($1::date is null or business_date = $1)"
        " order by business_date, name",
        day,
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


async def instruction_owner(tx: Any, identifier: UUID, wallet: int) -> UUID | None:
    """The person whose wallet (that kind of account) an instruction takes from or pays to; None for the house's own payments."""
    found: UUID | None = await tx.fetchval(
        "select a.owner from instruction_part p join account a on a.book = p.book and a.id in (p.source, p.target) and a.kind = $2"
        " where p.instruction = $1 limit 1",
        identifier,
        wallet,
    )
    return found


async def merchant_payouts(tx: Any) -> dict[tuple[str, date], tuple[int, str]]:
    """(fen, state) of what was instructed to each merchant, by its number and the date."""
    rows = await tx.fetch(
        "select split_part(end_to_end_id, '-', 2), instructed_on, amount, state from payment_instruction"
        " where book = 0 and purpose = 'merchant_payout'"
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


class PaidTap(NamedTuple):
    """A payment by phone: fen, as it was cleared once it is. `reported_on`: when its payer said that it was not theirs; `claim`: the newest
    claim of it."""

    tap: UUID
    at: datetime
    merchant: str
    amount: int
    state: str
    reported_on: date | None
    claim: UUID | None


async def paid_taps(tx: Any, book: int, person: UUID, kinds: Sequence[str], states: Sequence[str], most: int) -> list[PaidTap]:
    """A person's, of these kinds and in these states, newest first."""
    rows = await tx.fetch(
        "select a.id, a.received_at, coalesce(m.name, a.merchant_number), coalesce(nullif(a.captured_amount, 0), a.amount), a.state,"
        " d.reported_on, (select c.id from claim c where c.book = a.book and c.tap = a.id order by c.notified_at desc, c.id limit 1)"
        " from authorisation a left join merchant m on m.book = 0 and m.id = a.merchant"
        " left join tap_dispute d on d.book = a.book and d.tap = a.id"
        " where a.book = $1 and a.person = $2 and a.kind = any($3) and a.state = any($4) order by a.received_at desc, a.id limit $5",
        book,
        person,
        list(kinds),
        list(states),
        most,
    )
    return [PaidTap(*row) for row in rows]

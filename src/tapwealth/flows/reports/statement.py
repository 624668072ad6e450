"""A customer's statement: every movement of wallet, holdings of funds and electronic cash, in the customer's own words and order.

A line's date is the business date of its entry. Its time is that of what the customer did (tapped, sent, paid, ordered); what partners
answer by date alone, such as the registrar's confirmations and income, has no time and opens its date. So lines do not depend on when a
message happened to be taken, and money that came over transit between books reads like money from the same book. A hold moves nothing and
is no line; it shows in `held`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from tapwealth.bank.entries import BankEntry
from tapwealth.bills import store as bills
from tapwealth.bills.entries import BillEntry
from tapwealth.customers.store import PersonRow
from tapwealth.deposits import raise_store
from tapwealth.deposits import store as deposits
from tapwealth.deposits.entries import DepositEntry
from tapwealth.deposits.raise_entries import RaiseEntry
from tapwealth.flows.bank.payments import Purpose
from tapwealth.flows.deposits import raise_catalogue
from tapwealth.flows.deposits.deposit_terms import terms_of
from tapwealth.flows.frame import House
from tapwealth.flows.funds.income_given import income_of
from tapwealth.flows.funds.pocket import holding_of, pocket_of
from tapwealth.flows.insurance.policy_product import products_of
from tapwealth.flows.issuing.tap import cash_account
from tapwealth.flows.reports import store
from tapwealth.flows.reports.holdings import HoldingShown, other_holdings
from tapwealth.flows.reports.store import Told
from tapwealth.flows.reports.words import (
    BILL_BY_FUND,
    MOVEMENTS,
    OTHER,
    PAID_BY_FUND,
    RECEIVED_WITHIN,
    REDEMPTION_RECEIVED,
    SUBSCRIPTION_RETURNED,
    SUBSIDY_RECEIVED,
    Words,
)
from tapwealth.funds import store as funds
from tapwealth.funds.entries import FundEntry
from tapwealth.insurance import claim_store
from tapwealth.insurance import store as insurance
from tapwealth.insurance.claim_entries import ClaimEntry
from tapwealth.insurance.entries import InsuranceEntry
from tapwealth.issuing import store as issuing
from tapwealth.issuing.entries import TapEntry
from tapwealth.kernel.clock import SHANGHAI
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import HistoryLine, Limit, NewAccount

MOST_LINES = 2_000
"""Newest lines of an account that a statement goes back to; holds count too."""
_PAGE = 500

WALLET, HOLDING, CASH = "wallet", "holding", "cash"
_DAWN, _NO_TIME = "00:00:00", ""


class StatementLine(msgspec.Struct, frozen=True):
    """One movement. `amount` (below zero: it leaves) and `balance` in fen (wallet) or 1/100 unit (holding). `time` "": by date. `fund`:
    whose units a holding's line moves, "" of any other account."""

    date: date
    time: str
    account: str
    text_zh: str
    text_en: str
    amount: int
    balance: int
    fund: str


class StatementView(msgspec.Struct, frozen=True):
    """A customer's accounts and their lines, oldest first. `held` is set aside for taps that are not cleared yet; `holding` is that of the
    first fund, `funds` are the others; `cash` lies on the cards in phones, or was spent by them and not claimed yet."""

    shown_name: str
    wallet: int
    wallet_held: int
    holding: int
    holding_held: int
    cash: int
    cash_held: int
    funds: list[HoldingShown]
    statement: list[StatementLine]


class Place(NamedTuple):
    """Where a line stands in its statement: by date, then by the time of the customer's act.

    Within one instant arrivals come first (rank 0, by amount), then what has a date alone (1, by kind), then acts as recorded (2).
    """

    day: date
    time: str
    rank: int
    account: str
    nth: int


@dataclass(frozen=True, slots=True)
class _Account:
    """An account's standing and its moving lines, oldest first."""

    name: str
    owed: int
    held: int
    lines: Sequence[HistoryLine]
    fund: str = ""


@dataclass(slots=True)
class _Facts:
    """What the lines refer to, by reference (or, for a send in the same book, by entry key)."""

    told: dict[UUID, Told] = field(default_factory=dict)
    owners: dict[int, str] = field(default_factory=dict)
    income_dates: dict[tuple[str, date, int], list[date]] = field(default_factory=dict)
    """By fund, date of the entry and amount."""


async def statement_of(house: House, tx: Any, person: PersonRow) -> StatementView:
    """Read in one snapshot."""
    wallet = await _account(house, tx, person, WALLET, Kind.WALLET, Asset.CNY)
    pocket = await pocket_of(house, tx)
    holdings = await _holdings(house, tx, person)
    holding = holdings.get(pocket.fund if pocket else "", _Account(HOLDING, 0, 0, ()))
    cash = await _cash(house, tx, person)
    accounts = wallet, *holdings.values(), *cash
    facts = await _facts(house, tx, person, [line for one in accounts for line in one.lines])
    placed = [one for account in accounts for one in _placed(account, facts)]
    return StatementView(
        person.shown_name,
        wallet.owed,
        wallet.held,
        holding.owed,
        holding.held,
        sum(one.owed for one in cash),
        sum(one.held for one in cash),
        await other_holdings(house, tx, person),
        [line for _, line in sorted(placed, key=_by_place)],
    )


def _by_place(one: tuple[Place, StatementLine]) -> Place:
    return one[0]


async def _account(house: House, tx: Any, person: PersonRow, name: str, kind: Kind, asset: Asset) -> _Account:
    wanted = NewAccount(person.book, kind, person.id, asset, Limit.DEBITS_WITHIN_CREDITS)
    (number,) = await house.ledger.find_accounts(tx, [wanted])
    if number is None:
        return _Account(name, 0, 0, ())
    balance = (await house.ledger.balances(tx, [number]))[number]
    return _Account(name, balance.totals.owed, balance.debits_pending, await _lines(house, tx, number))


async def _holdings(house: House, tx: Any, person: PersonRow) -> dict[str, _Account]:
    """By fund, of all whose units there ever were any of."""
    shelf = list((await funds.funds(tx)).values())
    found = await house.ledger.find_accounts(tx, [holding_of(person.book, person.id, one.asset) for one in shelf])
    numbers = {fund.code: number for fund, number in zip(shelf, found, strict=True) if number is not None}
    balances = await house.ledger.balances(tx, list(numbers.values()))
    standing = {code: (balances[number].totals.owed, balances[number].debits_pending) for code, number in numbers.items()}
    return {code: _Account(HOLDING, *standing[code], await _lines(house, tx, number), code) for code, number in numbers.items()}


async def _cash(house: House, tx: Any, person: PersonRow) -> list[_Account]:
    """An account for each card that ever had any: few, as a person has few phones."""
    tokens = await issuing.device_tokens(tx, person.book, person.id)
    found = await house.ledger.find_accounts(tx, [cash_account(one.book, one.id) for one in tokens])
    numbers = [number for number in found if number is not None]
    balances = await house.ledger.balances(tx, numbers)
    return [
        _Account(CASH, balances[number].totals.owed, balances[number].debits_pending, await _lines(house, tx, number)) for number in numbers
    ]


async def _lines(house: House, tx: Any, account: int) -> list[HistoryLine]:
    found: list[HistoryLine] = []
    cursor = None
    while len(found) < MOST_LINES:
        page = await house.ledger.account_history(tx, account, cursor, _PAGE)
        found += page.lines
        cursor = page.next_cursor
        if cursor is None:
            break
    return [line for line in reversed(found) if line.moved]


async def _facts(house: House, tx: Any, person: PersonRow, lines: Sequence[HistoryLine]) -> _Facts:
    """One query for each kind of thing, however many lines."""
    book = person.book
    by_kind: dict[int, list[HistoryLine]] = defaultdict(list)
    for line in lines:
        by_kind[line.kind].append(line)

    def references(*kinds: int) -> list[UUID]:
        return [line.reference for kind in kinds for line in by_kind[kind] if line.reference is not None]

    facts = _Facts()
    facts.told |= await store.instructions(tx, references(BankEntry.MONEY_IN, BankEntry.INSTRUCTED, BankEntry.REJECTED, BankEntry.EXECUTED))
    facts.told |= await store.told_taps(tx, book, references(TapEntry.CAPTURED, TapEntry.REFUNDED, TapEntry.OFFLINE_SALE))
    orders = references(*_BEGUN, FundEntry.PURCHASE_CONFIRMED, *_ENDED, FundEntry.INSTANTLY_REDEEMED)
    facts.told |= await store.told_orders(tx, book, orders)
    facts.told |= await _bills(tx, book, references(BillEntry.DEBITED, BillEntry.REFUNDED, BillEntry.CAPTURED))
    facts.told |= await store.payers(tx, book, references(BankEntry.RECEIVED_FROM_BOOK))
    if references(*InsuranceEntry):
        facts.told |= await _policies(tx, book, person.id)
    if references(*RaiseEntry):
        facts.told |= await _wealth(tx, book, person.id)
    if references(*DepositEntry):
        facts.told |= await _deposits(tx, book, person.id)
    if references(*ClaimEntry):
        facts.told |= await _claims(tx, book, person.id)
    away = await store.payees(tx, book, references(BankEntry.SENT_TO_BOOK))
    facts.told |= {line.key: Told(line.recorded_at, away[line.key]) for line in by_kind[BankEntry.SENT_TO_BOOK] if line.key in away}
    facts.owners = await store.wallet_owners(tx, book, [line.other for line in by_kind[BankEntry.SENT]])
    earned = by_kind[FundEntry.INCOME] or by_kind[FundEntry.NEGATIVE_INCOME]
    for income in await income_of(house, tx, book, person.id) if earned else ():
        facts.income_dates.setdefault((income.fund, income.business_date, income.amount), []).append(income.income_date)
    return facts


async def _policies(tx: Any, book: int, person: UUID) -> dict[UUID, Told]:
    rows = await insurance.policies_of(tx, book, person)
    products = await products_of(tx, rows)
    named = ((row, products[row.product, row.version]) for row in rows)
    return {row.id: Told(row.applied_at, product.name, product.name_en) for row, product in named}


async def _wealth(tx: Any, book: int, person: UUID) -> dict[UUID, Told]:
    rows = await raise_store.of_person(tx, book, person)
    known = await raise_catalogue.found(tx, await raise_store.raises(tx, sorted({row.product for row in rows})))
    named = ((row, known[row.product].version.definition.name) for row in rows)
    return {row.id: Told(row.placed_at, name.zh, name.en) for row, name in named}


async def _deposits(tx: Any, book: int, person: UUID) -> dict[UUID, Told]:
    rows = await deposits.deposits_of(tx, book, person)
    terms = await terms_of(tx, rows)
    return {row.id: Told(row.opened_at, *terms.names(row)) for row in rows}


async def _claims(tx: Any, book: int, person: UUID) -> dict[UUID, Told]:
    policies = await _policies(tx, book, person)
    claims = await claim_store.claims_of(tx, book, person)
    return {one.id: policies[one.policy]._replace(at=one.notified_at) for one in claims}


async def _bills(tx: Any, book: int, payments: Sequence[UUID]) -> dict[UUID, Told]:
    billers = await bills.billers(tx) if payments else {}
    found = await store.told_bills(tx, book, payments)
    return {
        one: Told(at, billers[biller].biller.name, f"{period}\n{billers[biller].name_en}") for one, (at, biller, period) in found.items()
    }


def _placed(account: _Account, facts: _Facts) -> Iterable[tuple[Place, StatementLine]]:
    """Lines in their order, with a running balance in that order; the last balance is the account's."""
    told = [(line, _told(account.fund, line, facts)) for line in account.lines]
    places = [(_place(f"{account.name}{account.fund}", line, about, nth), line, about) for nth, (line, about) in enumerate(told)]
    balance = account.owed - sum(line.moved for line in account.lines)
    for place, line, about in sorted(places, key=lambda one: one[0]):
        balance += line.moved
        words = _words(account.name, line, about)
        time, texts = _shown_time(line, about), _texts(words, about)
        yield place, StatementLine(line.business_date, time, account.name, *texts, line.moved, balance, account.fund)


def _told(fund: str, line: HistoryLine, facts: _Facts) -> Told | None:
    """What the line is about. For a send in the same book: the other's name, the instant of the entry."""
    if line.kind == BankEntry.SENT:
        return Told(line.recorded_at, facts.owners.get(line.other, ""))
    if line.kind == BankEntry.SENT_TO_BOOK:
        return facts.told.get(line.key)
    if line.kind in (FundEntry.INCOME, FundEntry.NEGATIVE_INCOME):
        dates = facts.income_dates.get((fund, line.business_date, line.moved), [])
        return Told(line.recorded_at, "", f"{dates.pop(0):%m-%d}" if dates else "")
    return facts.told.get(line.reference) if line.reference else None


_BY_DATE_ALONE = frozenset(
    {
        BankEntry.RECEIVED,
        BankEntry.REJECTED,
        BankEntry.EXECUTED,
        FundEntry.PURCHASE_CONFIRMED,
        FundEntry.RAISE_FORMED,
        FundEntry.HOLDER_REDEEMED,
        FundEntry.SWITCH_CONFIRMED,
        FundEntry.PURCHASE_CANCELLED,
        FundEntry.INCOME,
        FundEntry.NEGATIVE_INCOME,
        RaiseEntry.CANCELLED,
        RaiseEntry.GIVEN_BACK,
        RaiseEntry.MATURED,
        DepositEntry.WITHDRAWN,
        DepositEntry.MATURED,
        BillEntry.REFUNDED,
        InsuranceEntry.PREMIUM_RETURNED,
        InsuranceEntry.REFUND_RECEIVED,
        InsuranceEntry.LATER_PREMIUM_RETURNED,
        InsuranceEntry.ARREARS_RETURNED,
        InsuranceEntry.LAPSE_REFUNDED,
    }
)
"""What a partner's answer brought about: its date counts, the hour at which it was taken does not."""
_BEGUN = (FundEntry.PURCHASE_PLACED, FundEntry.SUBSCRIBED)
_ENDED = (FundEntry.RAISE_FORMED, FundEntry.HOLDER_REDEEMED, FundEntry.PURCHASE_CANCELLED, FundEntry.SWITCH_CONFIRMED)
_AFTER_ITS_ACT = frozenset(
    {
        BankEntry.REJECTED,
        BillEntry.REFUNDED,
        DepositEntry.WITHDRAWN,
        FundEntry.PURCHASE_CANCELLED,
        RaiseEntry.CANCELLED,
        InsuranceEntry.PREMIUM_RETURNED,
        InsuranceEntry.REFUND_RECEIVED,
        InsuranceEntry.LATER_PREMIUM_RETURNED,
        InsuranceEntry.ARREARS_RETURNED,
        InsuranceEntry.LAPSE_REFUNDED,
    }
)
"""Of these, what stands behind the act it answers when both have one date."""


def _act_time(line: HistoryLine, about: Told | None) -> str:
    """The Shanghai time of the customer's act, if it lies within the line's date."""
    if about is None:
        return _NO_TIME
    local = about.at.astimezone(SHANGHAI)
    return f"{local:%H:%M:%S}" if local.date() == line.business_date else _NO_TIME


def _shown_time(line: HistoryLine, about: Told | None) -> str:
    return _NO_TIME if line.kind in _BY_DATE_ALONE else _act_time(line, about)


def _place(account: str, line: HistoryLine, about: Told | None, nth: int) -> Place:
    """Nothing here follows from the order in which messages came or books delivered, but for acts of the customer's own."""
    if _is_arrival(line):
        return Place(line.business_date, _act_time(line, about) or _DAWN, 0, account, line.amount)
    if line.kind in _BY_DATE_ALONE and line.kind not in _AFTER_ITS_ACT:
        return Place(line.business_date, _DAWN, 1, account, line.kind)
    return Place(line.business_date, _act_time(line, about) or _DAWN, 2, account, nth)


def _is_arrival(line: HistoryLine) -> bool:
    return line.kind in (BankEntry.MONEY_IN, BankEntry.RECEIVED_FROM_BOOK) or (line.kind == BankEntry.SENT and not line.debited)


def _words(account: str, line: HistoryLine, about: Told | None) -> Words:
    if line.kind == BankEntry.SENT and not line.debited:
        return RECEIVED_WITHIN
    if line.kind == TapEntry.CAPTURED and account == HOLDING:
        return PAID_BY_FUND
    if line.kind == BillEntry.CAPTURED and account == HOLDING:
        return BILL_BY_FUND
    if line.kind == BankEntry.EXECUTED and about is not None and about.detail in _ARRIVED:
        return _ARRIVED[about.detail]
    return MOVEMENTS.get(line.kind, OTHER)


_ARRIVED: Mapping[str, Words] = {
    Purpose.REDEMPTION_PAYOUT: REDEMPTION_RECEIVED,
    Purpose.RAISE_REFUND: SUBSCRIPTION_RETURNED,
    Purpose.CAMPAIGN_SUBSIDY: SUBSIDY_RECEIVED,
}
"""What came to the wallet from another account of ours, by its purpose."""


def _texts(words: Words, about: Told | None) -> tuple[str, str]:
    name, detail = (about.name, about.detail) if about else ("", "")
    first, _, second = detail.partition("\n")
    values = {"name": name, "detail": first, "detail_en": f"{second} {first}".strip()}
    return words.zh.format(**values).rstrip(" ·"), words.en.format(**values).rstrip(" ·")

"""Buying into a fund: a hot flow over a list of orders of our own customers.

The order is placed, its cash waits in transit, and it goes to the registrar with the file of its dealing day. Suitability and class are
asked first; the wallet pays last, and what an earlier order of the same batch takes is gone for a later one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from tapwealth.compliance import assessments, limits
from tapwealth.compliance.suitability import LOWEST, Standing, above_risk
from tapwealth.customers import store as customers
from tapwealth.customers.store import PersonRow
from tapwealth.flows.customers.people import own_key
from tapwealth.flows.frame import Envelope, House, Moment, actor_numbers, each_once, post
from tapwealth.flows.funds.ordered import ordered_by
from tapwealth.funds import entries, orders_store, quotation_store, store
from tapwealth.funds.conditions import FundKind
from tapwealth.funds.entries import Order
from tapwealth.funds.exchange_values import BusinessCode
from tapwealth.funds.orders_store import OrderRow
from tapwealth.funds.purchase import PurchaseFacts, PurchaseRefusal, dealing_date, decide
from tapwealth.funds.store import Fund, FundAccount, SalesChannel
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import derived, named, prefixed
from tapwealth.kernel.money import MAX_AMOUNT, Asset, checked
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount

OWN_CHANNEL = "T01"


class PurchaseFund(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Buy `amount` fen of the fund with that code."""

    fund: str
    amount: int


class PurchasePlaced(msgspec.Struct, frozen=True):
    """The order's id and dealing day. `received_at` and `business_date` are null for what was before they were kept."""

    order: str
    dealing_date: date
    amount: int
    received_at: datetime | None = None
    business_date: date | None = None


class Placing(NamedTuple):
    """One command of the batch; `plan`: the periodic plan that it is a period of."""

    envelope: Envelope
    command: PurchaseFund
    plan: UUID | None = None


def check(command: PurchaseFund) -> None:
    """Raises BadInput for an amount that nothing could carry."""
    checked(command.amount, where="amount")


async def purchase(house: House, tx: Any, commands: Sequence[Placing]) -> list[PurchasePlaced | Refusal]:
    """One answer per command, in order."""
    return await each_once(house, tx, commands, PurchasePlaced, lambda at, fresh: _place(house, tx, at, fresh))


async def objections(house: House, tx: Any, at: Moment, commands: Sequence[Placing]) -> list[Refusal | None]:
    """Why each would be refused now if its money were in the wallet: what is asked before a bank is told to bring it. Nothing is placed."""
    if not commands:
        return []
    facts = await _load(house, tx, at, commands)
    for one in commands:
        facts.available[_who(one)[1]] += one.command.amount
    decided = [_decide(house, facts, at, one) for one in commands]
    return [one if isinstance(one, Refusal) else None for one in decided]


class Spread(NamedTuple):
    """So much of a wallet for several funds in an order, in whole lots; the orders' keys follow from the envelope's and the fund."""

    envelope: Envelope
    funds: Sequence[str]
    amount: int
    lot: int


async def spread(house: House, tx: Any, at: Moment, asked: Sequence[Spread]) -> list[list[Placing]]:
    """What each fund would take now, the first as much as its caps let it, the next what is left: orders to be placed in the same
    transaction. A fund that takes nothing is passed over."""
    every = [Placing(one.envelope, PurchaseFund(code, one.amount)) for one in asked for code in one.funds]
    if not every:
        return [[] for _ in asked]
    facts = await _load(house, tx, at, every)
    made: list[list[Placing]] = []
    for one in asked:
        left, placings = one.amount, list[Placing]()
        for code in one.funds:
            most = min(left, _room(house, facts, at, one.envelope, code))
            part = Placing(replace(one.envelope, key=derived(one.envelope.key, code)), PurchaseFund(code, most - most % one.lot))
            if part.command.amount > 0 and not isinstance(_decide(house, facts, at, part), Refusal):
                placings.append(part)
                left -= part.command.amount
        made.append(placings)
    return made


def _room(house: House, facts: "_Loaded", at: Moment, envelope: Envelope, code: str) -> int:
    """What the caps leave of a fund for somebody's dealing day."""
    fund, channel = facts.funds.get(code), facts.channels.get((OWN_CHANNEL, code))
    if fund is None or channel is None:
        return 0
    person = envelope.caller.person
    assert person is not None, "only a customer buys for themself"
    day = dealing_date(house.calendar, fund, envelope.received_at, at.cut)
    rooms = [channel.day_cap - facts.ordered[person, code, day]] if channel.day_cap else []
    rooms += [channel.holding_cap - facts.held[person, code]] if channel.holding_cap else []
    return max(min(rooms, default=MAX_AMOUNT), 0)


@dataclass(slots=True)
class _Loaded:
    funds: dict[str, Fund]
    channels: dict[tuple[str, str], SalesChannel]
    persons: dict[UUID, PersonRow]
    holders: dict[UUID, FundAccount]
    wallets: dict[UUID, int]
    holdings: dict[tuple[UUID, str], int]
    available: dict[UUID, int]
    held: Counter[tuple[UUID, str]]
    """By fund: what units are worth, and what is under way."""
    ordered: Counter[tuple[UUID, str, date]]
    """By fund: what was ordered for a dealing day."""
    standings: dict[UUID, Standing]
    """By which people may buy what is above the lowest risk; looked up where somebody wants to."""


async def _place(house: House, tx: Any, at: Moment, fresh: Sequence[Placing]) -> list[PurchasePlaced | Refusal]:
    facts = await _load(house, tx, at, fresh)
    decided = [_decide(house, facts, at, one) for one in fresh]
    placed = [(one, fund) for one, fund in zip(fresh, decided, strict=True) if not isinstance(fund, Refusal)]
    rows = [_row(facts, at, one, fund) for one, fund in placed]
    await open_holders(house, tx, at, facts.persons, facts.holders, [one.envelope for one, _ in placed])
    actors = await actor_numbers(tx, [(row.book, one.envelope.caller) for (one, _), row in zip(placed, rows, strict=True)])
    made = [
        entries.purchase_placed(order_of(row, accepted.fund, own=True), row.business_date, actor)
        for (_, accepted), row, actor in zip(placed, rows, actors, strict=True)
    ]
    answers = await post(house, tx, at, made)
    await orders_store.add_orders(tx, [row for row, answer in zip(rows, answers, strict=True) if answer.posted])
    results = iter(
        PurchasePlaced(prefixed("ord", row.id), row.dealing_date, row.amount, row.received_at, row.business_date)
        if answer.posted
        else Refusal(PurchaseRefusal.NO_MONEY, "the wallet does not hold that much; move money in first")
        for row, answer in zip(rows, answers, strict=True)
    )
    return [one if isinstance(one, Refusal) else next(results) for one in decided]


async def _load(house: House, tx: Any, at: Moment, fresh: Sequence[Placing]) -> _Loaded:
    people = sorted({_who(one) for one in fresh})
    funds = await store.funds(tx)
    bought = sorted({(*_who(one), one.command.fund) for one in fresh if one.command.fund in funds})
    wanted = [NewAccount(book, Kind.WALLET, person, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS) for book, person in people]
    wanted += [NewAccount(book, Kind.HOLDING, one, funds[fund].asset, Limit.DEBITS_WITHIN_CREDITS) for book, one, fund in bought]
    accounts = await house.ledger.open_accounts(tx, wanted)
    wallets = {person: account for (_, person), account in zip(people, accounts[: len(people)], strict=True)}
    holdings = {(person, fund): account for (_, person, fund), account in zip(bought, accounts[len(people) :], strict=True)}
    balances = await house.ledger.balances(tx, list(holdings.values()))
    navs = await quotation_store.last_navs(tx) if any(funds[fund].kind is FundKind.NAV for _, _, fund in bought) else {}
    free = await house.ledger.free(tx, at.now, list(wallets.values()))
    first = min(at.date_of(one.envelope.received_at) for one in fresh)
    ordered = await ordered_by(tx, people, first, funds)
    risky = any(funds[fund].risk_level > LOWEST for _, _, fund in bought)
    return _Loaded(
        funds,
        await store.channels(tx),
        await customers.persons(tx, people),
        await store.accounts_by_id(tx, people),
        wallets,
        holdings,
        {person: free[wallet] for person, wallet in wallets.items()},
        Counter(
            {one: funds[one[1]].value(balances[account].totals.owed, navs) + ordered[one].under_way for one, account in holdings.items()}
        ),
        Counter({(*one, day): amount for one, of in ordered.items() for day, amount in of.by_day.items()}),
        await assessments.standings(tx, people) if risky else {},
    )


def _who(one: Placing) -> tuple[int, UUID]:
    person = one.envelope.caller.person
    assert person is not None, "only a customer buys for themself"
    return one.envelope.caller.book, person


class _Accepted(NamedTuple):
    """The fund, and the dealing day that arrival gives."""

    fund: Fund
    day: date


def _decide(house: House, facts: _Loaded, at: Moment, one: Placing) -> _Accepted | Refusal:
    _, person = _who(one)
    amount, fund = one.command.amount, facts.funds.get(one.command.fund)
    day = dealing_date(house.calendar, fund, one.envelope.received_at, at.cut) if fund else None
    known = PurchaseFacts(
        fund,
        facts.channels.get((OWN_CHANNEL, one.command.fund)),
        limits.barred_from_wealth(house.rule_set, facts.persons[person].kyc_level),
        above_risk(fund.risk_level, facts.standings.get(person), business_date_of(one.envelope.received_at), fund.code) if fund else None,
        facts.holders.get(person),
        facts.ordered[person, one.command.fund, day] if day else 0,
        facts.held[person, one.command.fund],
        facts.available[person],
    )
    refusal = decide(known, amount)
    if fund is None or day is None or refusal is not None:
        assert refusal is not None, "a fund that is not there is refused"
        return refusal
    facts.available[person] -= amount
    facts.held[person, fund.code] += amount
    facts.ordered[person, fund.code, day] += amount
    return _Accepted(fund, day)


def _row(facts: _Loaded, at: Moment, one: Placing, accepted: _Accepted) -> OrderRow:
    _, person = _who(one)
    fund, day = accepted
    key = own_key(one.envelope, "purchase", facts.persons[person])
    place = Place(fund.code, day, facts.wallets[person], facts.holdings[person, fund.code])
    code = BusinessCode.PLAN if one.plan and fund.registrar_plans else BusinessCode.PURCHASE
    return replace(own_order(one.envelope, at, "purchase", key, place, code, amount=one.command.amount), source=one.plan)


class Place(NamedTuple):
    """Of an order of an own customer: the fund, its dealing day, and the ledger accounts of money and units, 0 where it moves none."""

    fund: str
    day: date
    funding: int = 0
    holding: int = 0


def own_order(
    envelope: Envelope, at: Moment, what: str, key: UUID, place: Place, code: BusinessCode, *, amount: int = 0, units: int = 0
) -> OrderRow:
    """An order of our own channel, as the customer who asked for it placed it. `key` is the customer's own for `what`."""
    book, person, received_at = envelope.caller.book, envelope.caller.person, envelope.received_at
    assert person is not None, "only a customer orders for themself"
    return OrderRow(
        book=book,
        id=named(received_at, book, f"{what}:{key}"),
        serial=serial_of(place.day, key),
        channel=OWN_CHANNEL,
        fund=place.fund,
        fund_account=person,
        funding=place.funding,
        holding=place.holding,
        business_code=code,
        amount=amount,
        units=units,
        received_at=received_at,
        dealing_date=place.day,
        business_date=at.date_of(received_at),
    )


def serial_of(day: date, identifier: UUID) -> str:
    """AppSheetSerialNo, 24 digits: the day and 16 digits of the id's hash part, the book left out."""
    return f"{day:%Y%m%d}{(identifier.int & (1 << 46) - 1) % 10**16:016d}"


def order_of(row: OrderRow, fund: Fund, *, own: bool) -> Order:
    """The accounting view of an order of that fund."""
    return Order(row.book, row.id, row.funding, row.holding, row.amount, own, fund.asset)


async def open_holders(
    house: House, tx: Any, at: Moment, persons: Mapping[UUID, PersonRow], known: Mapping[UUID, FundAccount], placed: Iterable[Envelope]
) -> None:
    """A first purchase also applies for an account at the registrar: its application goes out before the order."""
    fresh = {one.caller.person: one for one in placed if one.caller.person not in known}
    await store.add_accounts(tx, [_application(house, at, persons[person], one) for person, one in fresh.items() if person is not None])


def _application(house: House, at: Moment, row: PersonRow, one: Envelope) -> FundAccount:
    trading = trading_account(house, row.identity_lookup)
    day = at.date_of(one.received_at)
    return FundAccount(
        book=row.book,
        id=row.id,
        channel=OWN_CHANNEL,
        trading_account=trading,
        ta_account="",
        application_serial=f"{day:%Y%m%d}{int(trading) % 10**16:016d}",
        business_code="001",
        sealed=b"",
        shown_name=row.shown_name,
        state="applied",
        reason="",
        business_date=day,
        sent_on=None,
        applied_at=one.received_at,
    )


def trading_account(house: House, identity_lookup: bytes) -> str:
    """17 digits from the keyed hash of the identity number: the same person, the same trading account, whatever the number of books."""
    digest = house.keys.lookup_hash("trading_account", identity_lookup)
    return f"{int.from_bytes(digest[:8], 'big') % 10**17:017d}"

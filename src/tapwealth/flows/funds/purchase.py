"""Buying into a fund: a hot flow over a list of orders of our own customers.

The order is placed, its cash waits in transit, and it goes to the registrar with the file of its dealing day. Suitability and class are
asked first; the wallet pays last, and what an earlier order of the same batch takes is gone for a later one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from tapwealth.catalogue.sale import SaleKind
from tapwealth.compliance import assessments, limits
from tapwealth.compliance.suitability import LOWEST, Standing, above_risk
from tapwealth.customers import store as customers
from tapwealth.customers.store import Buyer, PersonRow
from tapwealth.flows.catalogue import sales
from tapwealth.flows.catalogue.sales import Sold
from tapwealth.flows.customers.people import own_key
from tapwealth.flows.frame import PLATFORM, Envelope, House, Moment, actor_numbers, each_once, must_post
from tapwealth.flows.funds.eligible import Identities, identities, ineligible
from tapwealth.flows.funds.fund_offer import Bought, fund_offers, fund_sold
from tapwealth.flows.funds.ordered import ordered_by
from tapwealth.funds import entries, orders_store, quotation_store, store
from tapwealth.funds.conditions import FundKind
from tapwealth.funds.entries import Order
from tapwealth.funds.exchange_values import BusinessCode
from tapwealth.funds.orders_store import OrderRow, Placed
from tapwealth.funds.purchase import PurchaseFacts, dealing_date, decide
from tapwealth.funds.store import Fund, FundAccount, Holder, SalesChannel
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
    """One command of the batch; `plan`: the periodic plan that it is a period of; `agreement`: under which it is bought without being
    asked for, a plan or a sweep."""

    envelope: Envelope
    command: PurchaseFund
    plan: UUID | None = None
    agreement: UUID | None = None


def check(command: PurchaseFund) -> None:
    """Raises BadInput for an amount that nothing could carry."""
    checked(command.amount, where="amount")


async def purchase(house: House, tx: Any, commands: Sequence[Placing]) -> list[PurchasePlaced | Refusal]:
    """One answer per command, in order. The caller has locked the buyers' books, as the group commit does: what is free in a wallet, and
    which date is open, then stay as they were looked up until it commits, so that no posting of what was accepted can be refused."""
    return await each_once(house, tx, commands, PurchasePlaced, lambda at, fresh: _place(house, tx, at, fresh))


async def objections(house: House, tx: Any, at: Moment, commands: Sequence[Placing]) -> list[Refusal | None]:
    """Why each would be refused now if its money were in the wallet: what is asked before a bank is told to bring it. Nothing is placed."""
    if not commands:
        return []
    facts = await _load(house, tx, at, commands)
    for one in commands:
        facts.buyers[_who(one)[1]].available += one.command.amount
    decided = [_decide(house, facts, at, one) for one in commands]
    return [one if isinstance(one, Refusal) else None for one in decided]


class Spread(NamedTuple):
    """So much of a wallet for several funds in an order, in whole lots; the orders' keys follow from the envelope's and the fund.
    `card`: the bank card it comes from, if any; of one person's cards only the first to be given something of a fund has it. `agreement`:
    as of a `Placing`."""

    envelope: Envelope
    funds: Sequence[str]
    amount: int
    lot: int
    card: UUID | None = None
    agreement: UUID | None = None


async def spread(house: House, tx: Any, at: Moment, asked: Sequence[Spread], *, coming: bool = False) -> list[list[Placing]]:
    """What each fund would take now, the first as much as its caps let it, the next what is left: orders to be placed in the same
    transaction. A fund that takes nothing is passed over. `coming`: as if the amounts were in the wallets."""
    every = [Placing(one.envelope, PurchaseFund(code, one.amount)) for one in asked for code in one.funds]
    if not every:
        return [[] for _ in asked]
    facts = await _load(house, tx, at, every)
    for each in {part.envelope.key: part for part in every}.values() if coming else []:
        facts.buyers[_who(each)[1]].available += each.command.amount
    made: list[list[Placing]] = []
    cards = dict[tuple[UUID | None, str], UUID]()
    for one in asked:
        left, placings = one.amount, list[Placing]()
        for code in one.funds:
            holding = one.envelope.caller.person, code
            if one.card and cards.get(holding, one.card) != one.card:
                continue
            most = min(left, _room(house, facts, at, one.envelope, code))
            command = PurchaseFund(code, most - most % one.lot)
            part = Placing(replace(one.envelope, key=derived(one.envelope.key, code)), command, agreement=one.agreement)
            if part.command.amount > 0 and not isinstance(_decide(house, facts, at, part), Refusal):
                placings.append(part)
                left -= part.command.amount
                cards |= {holding: one.card} if one.card else {}
        made.append(placings)
    return made


def _room(house: House, facts: "_Loaded", at: Moment, envelope: Envelope, code: str) -> int:
    """What the caps leave of a fund for somebody's dealing day."""
    fund, channel = facts.funds.get(code), facts.channels.get((OWN_CHANNEL, code))
    if fund is None or channel is None:
        return 0
    person = envelope.caller.person
    assert person is not None, "only a customer buys for themself"
    day, stake = dealing_date(house.calendar, fund, envelope.received_at, at.cut), facts.buyers[person].stakes[code]
    rooms = [channel.day_cap - stake.ordered[day]] if channel.day_cap else []
    rooms += [channel.holding_cap - stake.held] if channel.holding_cap else []
    return max(min(rooms, default=MAX_AMOUNT), 0)


@dataclass(slots=True)
class _Stake:
    """Of a buyer and a fund: the units' account; what they are worth, with what is under way; what was ordered by dealing day."""

    holding: int
    held: int
    ordered: Counter[date]


@dataclass(slots=True)
class _Buying:
    """A buyer with the wallet's account and what is free there. `standing`: by which they may buy what is above the lowest risk, looked up
    where somebody wants to; `holder` None: not known to the registrar yet."""

    person: Buyer
    holder: Holder | None
    wallet: int
    available: int
    standing: Standing | None
    stakes: dict[str, _Stake]


@dataclass(slots=True)
class _Loaded:
    """`navs`: the last price of each fund, where one that has prices is bought. `dates` are business dates by the instant of a request. As
    they are asked for: `days` of a fund and an instant, and by class why it may buy no wealth products."""

    funds: dict[str, Fund]
    navs: dict[str, int]
    channels: dict[tuple[str, str], SalesChannel]
    buyers: dict[UUID, _Buying]
    dates: dict[datetime, date]
    identities: Identities
    days: dict[tuple[str, datetime], "_Day"]
    barred: dict[int, str | None]


class _Day(NamedTuple):
    """The dealing day, and the calendar's."""

    dealing: date
    today: date


async def _place(house: House, tx: Any, at: Moment, fresh: Sequence[Placing]) -> list[PurchasePlaced | Refusal]:
    facts = await _load(house, tx, at, fresh)
    decided = [_decide(house, facts, at, one) for one in fresh]
    placed = [(one, fund) for one, fund in zip(fresh, decided, strict=True) if not isinstance(fund, Refusal)]
    rows = [_row(facts, one, fund) for one, fund in placed]
    newcomers = {person: one.person for person, one in facts.buyers.items() if one.holder is None}
    await open_holders(house, tx, at, newcomers, [one.envelope for one, _ in placed])
    books = sorted({row.book for row in rows})
    named = [*((row.book, one.envelope.caller) for (one, _), row in zip(placed, rows, strict=True)), *((book, PLATFORM) for book in books)]
    actors = await actor_numbers(tx, named)
    made = [
        entries.purchase_placed(order_of(row, accepted.fund, own=True), row.business_date, actor)
        for (_, accepted), row, actor in zip(placed, rows, actors, strict=False)
    ]
    sold = sales.records(at, await _sold(house, tx, facts, placed, rows), dict(zip(books, actors[len(rows) :], strict=True)))
    await must_post(house, tx, at, [*made, *sold.seals])
    await orders_store.add_placed(tx, rows)
    await sales.store(house, tx, sold)
    results = iter(
        PurchasePlaced(prefixed("ord", row.id), row.dealing_date, row.amount, row.received_at, row.business_date) for row in rows
    )
    return [one if isinstance(one, Refusal) else next(results) for one in decided]


async def _sold(
    house: House, tx: Any, facts: "_Loaded", placed: Sequence[tuple[Placing, "_Accepted"]], rows: Sequence[Placed]
) -> list[Sold]:
    """What each buyer was shown, and what of it is their own."""
    keys = [(accepted.fund.code, accepted.fund.version, one.envelope.language) for one, accepted in placed]
    offers = await fund_offers(house, tx, SaleKind.FUND_PURCHASE, OWN_CHANNEL, set(keys))
    made = []
    for (one, accepted), row, key in zip(placed, rows, keys, strict=True):
        offer, under = offers[key], one.agreement or one.plan
        terms = {"amount": row.amount, "dealing_date": str(row.dealing_date), **offer.price(row.amount, facts.navs.get(row.fund, 0))}
        terms |= {"agreement": str(under)} if under else {}
        standing = facts.buyers[row.fund_account].standing if accepted.fund.risk_level > LOWEST else None
        made.append(fund_sold(one.envelope, SaleKind.FUND_PURCHASE, Bought(row.id, *key[:2]), offer, terms, standing))
    return made


async def _load(house: House, tx: Any, at: Moment, fresh: Sequence[Placing]) -> _Loaded:
    people = list(dict.fromkeys(_who(one) for one in fresh))
    funds = await store.funds(tx)
    bought = list(dict.fromkeys((*_who(one), one.command.fund) for one in fresh if one.command.fund in funds))
    wallets = await _wallets(house, tx, at, people)
    holdings = await _holdings(house, tx, [(book, person, funds[fund].asset) for book, person, fund in bought])
    navs = await quotation_store.last_navs(tx) if any(funds[fund].kind is FundKind.NAV for _, _, fund in bought) else {}
    dates = {instant: at.date_of(instant) for instant in {one.envelope.received_at for one in fresh}}
    ordered = await ordered_by(tx, people, min(dates.values()), funds)
    risky = any(funds[fund].risk_level > LOWEST for _, _, fund in bought)
    standings = await assessments.standings(tx, people) if risky else {}
    known, holders = await customers.buyers(tx, people), await store.holders_by_id(tx, people)
    buyers = {
        person: _Buying(known[person], holders.get(person), *wallet, standings.get(person), {})
        for (_, person), wallet in zip(people, wallets, strict=True)
    }
    for (_, person, fund), (account, owed) in zip(bought, holdings, strict=True):
        of = ordered[person, fund]
        buyers[person].stakes[fund] = _Stake(account, funds[fund].value(owed, navs) + of.under_way, Counter(of.by_day))
    known_people = await identities(house, tx, people, [funds[fund] for _, _, fund in bought])
    return _Loaded(funds, navs, await store.channels(tx), buyers, dates, known_people, {}, {})


async def _wallets(house: House, tx: Any, at: Moment, people: Sequence[tuple[int, UUID]]) -> list[tuple[int, int]]:
    """(account, what is free there) of each."""
    wanted = [NewAccount(book, Kind.WALLET, person, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS) for book, person in people]
    return await _opened(house, tx, wanted, await house.ledger.find_free(tx, at.now, wanted))


async def _holdings(house: House, tx: Any, bought: Sequence[tuple[int, UUID, Asset]]) -> list[tuple[int, int]]:
    """(account, its units, those on hold among them) of each person (book, id) and fund's asset."""
    wanted = [NewAccount(book, Kind.HOLDING, person, asset, Limit.DEBITS_WITHIN_CREDITS) for book, person, asset in bought]
    found = await house.ledger.find_balances(tx, wanted)
    return await _opened(house, tx, wanted, [None if one is None else (one.account, one.totals.owed) for one in found])


async def _opened(house: House, tx: Any, wanted: Sequence[NewAccount], found: Sequence[tuple[int, int] | None]) -> list[tuple[int, int]]:
    """What is not there is opened, with nothing in it."""
    lacking = [one for one, there in zip(wanted, found, strict=True) if there is None]
    opened = iter(await house.ledger.open_accounts(tx, lacking) if lacking else [])
    return [(next(opened), 0) if one is None else one for one in found]


def _who(one: Placing) -> tuple[int, UUID]:
    person = one.envelope.caller.person
    assert person is not None, "only a customer buys for themself"
    return one.envelope.caller.book, person


class _Accepted(NamedTuple):
    """The fund, and the dealing day that arrival gives."""

    fund: Fund
    day: date


def _decide(house: House, facts: _Loaded, at: Moment, one: Placing) -> _Accepted | Refusal:
    buyer, received_at = facts.buyers[_who(one)[1]], one.envelope.received_at
    amount, fund, stake = one.command.amount, facts.funds.get(one.command.fund), buyer.stakes.get(one.command.fund)
    day = _day(house, facts, at, fund, received_at) if fund else None
    known = PurchaseFacts(
        fund,
        facts.channels.get((OWN_CHANNEL, one.command.fund)),
        _barred(house, facts, buyer.person.kyc_level),
        above_risk(fund.risk_level, buyer.standing, day.today, fund.code) if fund and day else None,
        buyer.holder,
        stake.ordered[day.dealing] if stake and day else 0,
        stake.held if stake else 0,
        buyer.available,
        ineligible(fund, buyer.person.kyc_level, facts.identities, _who(one)[1], day.today) if day else None,
    )
    refusal = decide(known, amount)
    if fund is None or stake is None or day is None or refusal is not None:
        assert refusal is not None, "a fund that is not there is refused"
        return refusal
    buyer.available -= amount
    stake.held += amount
    stake.ordered[day.dealing] += amount
    return _Accepted(fund, day.dealing)


def _day(house: House, facts: _Loaded, at: Moment, fund: Fund, received_at: datetime) -> _Day:
    """Looked up once for all that were read at an instant."""
    day = facts.days.get((fund.code, received_at))
    if day is None:
        day = _Day(dealing_date(house.calendar, fund, received_at, at.cut), business_date_of(received_at))
        facts.days[fund.code, received_at] = day
    return day


def _barred(house: House, facts: _Loaded, level: int) -> str | None:
    if level not in facts.barred:
        facts.barred[level] = limits.barred_from_wealth(house.rule_set, level)
    return facts.barred[level]


def _row(facts: _Loaded, one: Placing, accepted: _Accepted) -> Placed:
    _, person = _who(one)
    buyer, (fund, day) = facts.buyers[person], accepted
    place = Place(fund.code, day, buyer.wallet, buyer.stakes[fund.code].holding)
    key, code = (
        own_key(one.envelope, "purchase", buyer.person),
        BusinessCode.PLAN if one.plan and fund.registrar_plans else BusinessCode.PURCHASE,
    )
    dated = facts.dates[one.envelope.received_at]
    return own_placed(one.envelope, "purchase", key, place, code, one.command.amount, dated, one.plan)


class Place(NamedTuple):
    """Of an order of an own customer: the fund, its dealing day, and the ledger accounts of money and units, 0 where it moves none."""

    fund: str
    day: date
    funding: int = 0
    holding: int = 0


def own_placed(
    envelope: Envelope, what: str, key: UUID, place: Place, code: BusinessCode, amount: int, business_date: date, source: UUID | None = None
) -> Placed:
    """`own_order` of those that come many at once, by their amount."""
    person = envelope.caller.person
    assert person is not None, "only a customer orders for themself"
    return Placed(
        book=envelope.caller.book,
        id=_order_id(envelope, what, key),
        serial=serial_of(place.day, key),
        channel=OWN_CHANNEL,
        fund=place.fund,
        fund_account=person,
        funding=place.funding,
        holding=place.holding,
        business_code=code,
        amount=amount,
        received_at=envelope.received_at,
        dealing_date=place.day,
        business_date=business_date,
        source=source,
    )


def own_order(
    envelope: Envelope, at: Moment, what: str, key: UUID, place: Place, code: BusinessCode, *, amount: int = 0, units: int = 0
) -> OrderRow:
    """An order of our own channel, as the customer who asked for it placed it. `key` is the customer's own for `what`."""
    book, person, received_at = envelope.caller.book, envelope.caller.person, envelope.received_at
    assert person is not None, "only a customer orders for themself"
    return OrderRow(
        book=book,
        id=_order_id(envelope, what, key),
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


def _order_id(envelope: Envelope, what: str, key: UUID) -> UUID:
    return named(envelope.received_at, envelope.caller.book, f"{what}:{key}")


def serial_of(day: date, identifier: UUID) -> str:
    """AppSheetSerialNo, 24 digits: the day and 16 digits of the id's hash part, the book left out."""
    return f"{_digits(day)}{(identifier.int & (1 << 46) - 1) % 10**16:016d}"


@lru_cache(maxsize=16)
def _digits(day: date) -> str:
    return f"{day:%Y%m%d}"


def order_of(row: OrderRow | Placed, fund: Fund, *, own: bool) -> Order:
    """The accounting view of an order of that fund."""
    return Order(row.book, row.id, row.funding, row.holding, row.amount, own, fund.asset)


async def open_holders(house: House, tx: Any, at: Moment, newcomers: Mapping[UUID, PersonRow | Buyer], placed: Iterable[Envelope]) -> None:
    """A first purchase also applies for an account at the registrar: its application goes out before the order. `newcomers` are those who
    are not known there."""
    fresh = {one.caller.person: one for one in placed if one.caller.person in newcomers}
    if fresh:
        await store.add_accounts(
            tx, [_application(house, at, newcomers[person], person, one) for person, one in fresh.items() if person is not None]
        )


def _application(house: House, at: Moment, row: PersonRow | Buyer, person: UUID, one: Envelope) -> FundAccount:
    trading = trading_account(house, row.identity_lookup)
    day = at.date_of(one.received_at)
    return FundAccount(
        book=one.caller.book,
        id=person,
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

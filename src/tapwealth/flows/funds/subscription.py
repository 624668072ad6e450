"""Subscribing to a fund while it is raised: a hot flow over a list of orders, of which one writer decides all.

So arrivals have one order, that in which they reach the writer, and what is left of the target needs no lock of its own: the lock of the
house's book, which the writer holds, is enough, and its line is written once for a whole list. Who may have the fund at all is asked first,
then the offering's terms and the wallet, and last of all what is left. An order goes to the registrar (020) with the file of its dealing
day and is not taken back: what it was given is nobody else's.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from tapwealth.catalogue.sale import SaleKind
from tapwealth.compliance import assessments, limits
from tapwealth.compliance.suitability import LOWEST, Standing, above_risk
from tapwealth.customers import store as customers
from tapwealth.customers.store import Buyer
from tapwealth.flows.catalogue import sales
from tapwealth.flows.catalogue.sales import Sold
from tapwealth.flows.customers.people import own_key, who
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, Envelope, House, Moment, actor_numbers, each_once, must_post
from tapwealth.flows.funds.eligible import Identities, identities, ineligible
from tapwealth.flows.funds.fund_offer import Bought, Terms, fund_offers, fund_sold
from tapwealth.flows.funds.purchase import OWN_CHANNEL, Place, open_holders, order_of, own_placed
from tapwealth.funds import entries, orders_store, raise_store, raising, store
from tapwealth.funds.conditions import FundStatus
from tapwealth.funds.exchange_values import BusinessCode
from tapwealth.funds.orders_store import Placed
from tapwealth.funds.purchase import PurchaseRefusal, dealing_date, not_for
from tapwealth.funds.raise_store import Raise, SubscriptionRow
from tapwealth.funds.raising import Asked, Ended, RaiseRefusal, Sale
from tapwealth.funds.store import Fund, Holder, SalesChannel
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import prefixed
from tapwealth.kernel.money import Asset, checked
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount


class SubscribeFund(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`amount` fen for the raise of the fund with that code."""

    fund: str
    amount: int


class Subscribed(msgspec.Struct, frozen=True):
    """The order's id and dealing day. `amount` fen were given of those `asked`: less for the one with whom the target is reached."""

    order: str
    dealing_date: date
    asked: int
    amount: int
    received_at: datetime
    business_date: date


class Placing(NamedTuple):
    """One command of the list."""

    envelope: Envelope
    command: SubscribeFund


def check(command: SubscribeFund) -> None:
    """Raises BadInput for an amount that nothing could carry."""
    checked(command.amount, where="amount")


async def subscribe(house: House, tx: Any, commands: Sequence[Placing]) -> list[Subscribed | Refusal]:
    """One answer per command, in order, which is the order of arrival. Takes the locks of the house's book and of the buyers'."""
    await house.ledger.lock_books(tx, sorted({HOUSE_BOOK, *(one.envelope.caller.book for one in commands)}))
    return await each_once(house, tx, commands, Subscribed, lambda at, fresh: _place(house, tx, at, fresh))


@dataclass(frozen=True, slots=True)
class _Loaded:
    funds: Mapping[str, Fund]
    channels: Mapping[tuple[str, str], SalesChannel]
    raises: Mapping[str, Raise]
    persons: Mapping[UUID, Buyer]
    holders: Mapping[UUID, Holder]
    wallets: Mapping[UUID, int]
    free: dict[UUID, int]
    """Fen by person; who has no wallet has none."""
    had: dict[tuple[UUID, str], int]
    standings: Mapping[UUID, Standing]
    identities: Identities


async def _load(house: House, tx: Any, at: Moment, fresh: Sequence[Placing]) -> _Loaded:
    people = sorted({who(one.envelope) for one in fresh})
    funds = await store.funds(tx)
    wanted = [NewAccount(book, Kind.WALLET, person, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS) for book, person in people]
    found = zip(people, await house.ledger.find_free(tx, at.now, wanted), strict=True)
    wallets = {person: there for (_, person), there in found if there is not None}
    risky = any(funds[one.command.fund].risk_level > LOWEST for one in fresh if one.command.fund in funds)
    return _Loaded(
        funds,
        await store.channels(tx),
        await raise_store.raises(tx),
        await customers.buyers(tx, people),
        await store.holders_by_id(tx, people),
        {person: wallet for person, (wallet, _) in wallets.items()},
        {person: free for person, (_, free) in wallets.items()},
        await raise_store.given_to(tx, people),
        await assessments.standings(tx, people) if risky else {},
        await identities(house, tx, people, [funds.get(one.command.fund) for one in fresh]),
    )


async def _place(house: House, tx: Any, at: Moment, fresh: Sequence[Placing]) -> list[Subscribed | Refusal]:
    facts = await _load(house, tx, at, fresh)
    decided = _decide(house, facts, fresh)
    given = [(one, amount) for one, amount in zip(fresh, decided, strict=True) if not isinstance(amount, Refusal)]
    days = _dates(house, facts, at, [one for one, _ in given])
    rows = [_row(facts, one, amount, *days[one.command.fund, one.envelope.received_at]) for one, amount in given]
    newcomers = {person: row for person, row in facts.persons.items() if person not in facts.holders}
    await open_holders(house, tx, at, newcomers, [one.envelope for one, _ in given])
    books = sorted({row.book for row in rows})
    named = [*((row.book, one.envelope.caller) for (one, _), row in zip(given, rows, strict=True)), *((book, PLATFORM) for book in books)]
    actors = await actor_numbers(tx, named)
    made = [
        entries.subscribed(order_of(row, facts.funds[row.fund], own=True), row.business_date, actor)
        for row, actor in zip(rows, actors, strict=False)
    ]
    sold = sales.records(at, await _sold(house, tx, facts, given, rows), dict(zip(books, actors[len(rows) :], strict=True)))
    await must_post(house, tx, at, [*made, *sold.seals])
    await orders_store.add_placed(tx, rows)
    await sales.store(house, tx, sold)
    await _note(tx, at, facts, given, rows)
    results = iter(
        Subscribed(prefixed("ord", row.id), row.dealing_date, one.command.amount, row.amount, row.received_at, row.business_date)
        for (one, _), row in zip(given, rows, strict=True)
    )
    return [one if isinstance(one, Refusal) else next(results) for one in decided]


async def _sold(house: House, tx: Any, facts: _Loaded, given: Sequence[tuple[Placing, int]], rows: Sequence[Placed]) -> list[Sold]:
    """What each was shown of the raise, and what of it is their own."""
    keys = [(row.fund, facts.funds[row.fund].version, one.envelope.language) for (one, _), row in zip(given, rows, strict=True)]
    offers = await fund_offers(house, tx, SaleKind.SUBSCRIPTION, OWN_CHANNEL, set(keys), facts.raises)
    made = []
    for (one, amount), row, key in zip(given, rows, keys, strict=True):
        terms: Terms = {"asked": one.command.amount, "amount": amount, "dealing_date": str(row.dealing_date)}
        standing = facts.standings.get(row.fund_account) if facts.funds[row.fund].risk_level > LOWEST else None
        sold = Bought(row.id, facts.raises[row.fund].product, facts.raises[row.fund].version)
        made.append(fund_sold(one.envelope, SaleKind.SUBSCRIPTION, sold, offers[key], {"fund": row.fund, **terms}, standing))
    return made


async def _note(tx: Any, at: Moment, facts: _Loaded, given: Sequence[tuple[Placing, int]], rows: Sequence[Placed]) -> None:
    """The subscriptions, numbered as they arrived, and what is sold."""
    arrivals, fen, subscriptions = Counter[str](), Counter[str](), list[SubscriptionRow]()
    for (one, amount), row in zip(given, rows, strict=True):
        arrivals[row.fund] += 1
        fen[row.fund] += amount
        number = facts.raises[row.fund].arrivals + arrivals[row.fund]
        subscriptions.append(SubscriptionRow(row.book, row.fund_account, row.fund, row.id, number, one.command.amount, amount))
    await raise_store.add_subscriptions(tx, subscriptions)
    await raise_store.note_sold(tx, [(fund, fen[fund], arrivals[fund]) for fund in fen], at.now)


def _decide(house: House, facts: _Loaded, fresh: Sequence[Placing]) -> list[int | Refusal]:
    """Fen given to each, or why nothing is. What an earlier one of the list takes is gone for a later one, in the raise and in a wallet."""
    funds = dict.fromkeys(one.command.fund for one in fresh)
    of_fund = {fund: _of_fund(facts, fund) for fund in funds}
    barred = {level: limits.barred_from_wealth(house.rule_set, level) for level in {row.kyc_level for row in facts.persons.values()}}
    decided: list[int | Refusal | None] = [of_fund[one.command.fund] or _of_person(facts, barred, one) for one in fresh]
    sold = Counter[str]()
    undecided = [place for place in range(len(fresh)) if decided[place] is None]
    for fund, together in groupby(undecided, lambda place: fresh[place].command.fund):  # by arrival: raises share a wallet
        places, stands = list(together), facts.raises[fund]
        asked = [_asked(facts, fresh[place]) for place in places]
        before = Sale(stands.sold + sold[fund], {one.person: facts.had.get((one.person, fund), 0) for one in asked})
        for place, one, answer in zip(places, asked, raising.sell(stands.offering, before, asked), strict=True):
            decided[place] = answer
            if not isinstance(answer, Refusal):
                sold[fund] += answer
                facts.free[one.person] -= answer
                facts.had[one.person, fund] = facts.had.get((one.person, fund), 0) + answer
    assert None not in decided, "each is sold something or hears why not"
    return [one for one in decided if one is not None]


def _asked(facts: _Loaded, one: Placing) -> Asked:
    _, person = who(one.envelope)
    return Asked(person, one.command.amount, one.envelope.received_at, facts.free.get(person, 0))


def _of_fund(facts: _Loaded, code: str) -> Refusal | None:
    """What stands against everybody, before the raise's own terms."""
    fund, stands = facts.funds.get(code), facts.raises.get(code)
    if fund is None or (OWN_CHANNEL, code) not in facts.channels:
        return Refusal(PurchaseRefusal.UNKNOWN_FUND, "this fund is not sold here; look at the shelf for those that are")
    if stands is None:
        return Refusal(RaiseRefusal.NO_RAISE, f"{code} is not being raised; buy it instead, or look at the shelf for raises")
    if stands.ended is not Ended.NOT_YET:
        return Refusal(RaiseRefusal.RAISE_OVER, f"the raise of {code} is over; look at the shelf for other funds")
    if not fund.on_sale:
        return Refusal(PurchaseRefusal.NOT_SOLD_NOW, f"{code} is not on sale; look at the shelf for funds that are")
    if fund.status is not FundStatus.ISSUING:
        text = f"{code} is {fund.status.words[1]} by its registrar's word; subscribe when it is being issued again, or to another one"
        return Refusal(PurchaseRefusal.NOT_SOLD_NOW, text)
    return None


def _of_person(facts: _Loaded, barred: Mapping[int, str | None], one: Placing) -> Refusal | None:
    """What stands against this one; `barred` by how far somebody is verified."""
    _, person = who(one.envelope)
    fund = facts.funds[one.command.fund]
    too_risky = None
    if fund.risk_level > LOWEST:
        today = business_date_of(one.envelope.received_at)
        too_risky = above_risk(fund.risk_level, facts.standings.get(person), today, fund.code)
    level = facts.persons[person].kyc_level
    other = ineligible(fund, level, facts.identities, person, business_date_of(one.envelope.received_at))
    return not_for(barred[level], other, too_risky, facts.holders.get(person))


def _dates(house: House, facts: _Loaded, at: Moment, given: Sequence[Placing]) -> dict[tuple[str, datetime], tuple[date, date]]:
    """Dealing day and business date, by the fund and the instant at which a request was read: in a rush many share one."""
    read = {(one.command.fund, one.envelope.received_at) for one in given}
    return {
        (fund, instant): (dealing_date(house.calendar, facts.funds[fund], instant, at.cut), at.date_of(instant)) for fund, instant in read
    }


def _row(facts: _Loaded, one: Placing, amount: int, deals_on: date, business_date: date) -> Placed:
    _, person = who(one.envelope)
    key = own_key(one.envelope, "subscribe", facts.persons[person])
    place = Place(one.command.fund, deals_on, facts.wallets[person])
    return own_placed(one.envelope, "subscribe", key, place, BusinessCode.SUBSCRIBE, amount, business_date)

"""Subscribing to a wealth product of the bank, and cancelling it while that is possible.

Both take the lock of the house's book: arrivals have one order, and what is left of the target needs no lock of its own. Who may have the
product at all is asked first, then the raise's terms and the wallet.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from tapwealth.bank import deposit_event_store
from tapwealth.catalogue.definition import Eligibility
from tapwealth.catalogue.eligible import asks_age, not_eligible
from tapwealth.catalogue.version import Version
from tapwealth.compliance import assessments, limits
from tapwealth.compliance.suitability import LOWEST, Standing, above_risk
from tapwealth.customers import store as customers
from tapwealth.customers.identity_number import read_identity_number
from tapwealth.customers.store import PersonRow
from tapwealth.deposits import raise_entries as entries
from tapwealth.deposits import raise_rules, raise_store
from tapwealth.deposits.deposit import posted
from tapwealth.deposits.raise_entries import Stake
from tapwealth.deposits.raise_rules import Asked, State, WealthRefusal
from tapwealth.deposits.raise_store import SubscriptionRow
from tapwealth.flows.catalogue import sales
from tapwealth.flows.customers.people import no_money, open_person, who
from tapwealth.flows.deposits import raise_catalogue, raise_listed
from tapwealth.flows.deposits.raise_catalogue import Found
from tapwealth.flows.deposits.raise_offer import wealth_sold
from tapwealth.flows.frame import HOUSE_BOOK, Envelope, House, Moment, must_post, once, post
from tapwealth.funds.purchase import not_for
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import named
from tapwealth.kernel.money import Asset, checked, format_minor
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.storage.database import Tx

TERMS = "terms"
_WITHIN = Limit.DEBITS_WITHIN_CREDITS


class SubscribeWealth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`amount` fen for the product of that code. `confirmed` names what the buyer saw and agreed to: "terms". `given`: fen that they were
    shown would be taken of it, less where no more was left."""

    product: str
    amount: int
    confirmed: list[str]
    given: int | None = None


class WealthSubscribed(msgspec.Struct, frozen=True):
    """`amount` fen were taken of those `asked`, as the `arrival`-th: less for the one with whom the target is reached by arrival; pro rata
    more may be taken than is allotted in the end."""

    subscription: UUID
    arrival: int
    asked: int
    amount: int
    received_at: datetime
    business_date: date


class CancelWealth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take a subscription of one's own back, before the last day of its raise."""

    subscription: UUID


class WealthCancelled(msgspec.Struct, frozen=True):
    """So much is in the wallet again, and beside it the interest of the days that it lay at the bank."""

    subscription: UUID
    amount: int
    interest: int


@dataclass(frozen=True, slots=True)
class Buyer:
    """Fen in their wallet that are `free`, and that they `had` in this raise before."""

    row: PersonRow
    standing: Standing | None
    wallet: int
    free: int
    had: int


async def subscribe(house: House, envelope: Envelope, command: SubscribeWealth) -> WealthSubscribed | Refusal:
    """Decide, take the money, and keep a record of the sale. Raises BadInput for an amount that nothing could carry."""
    checked(command.amount, where="amount")
    book, _ = who(envelope)

    async def act(tx: Tx, at: Moment, actor: int) -> WealthSubscribed | Refusal:
        decided = await decide(house, tx, at, envelope, command)
        if isinstance(decided, Refusal):
            return decided
        found, buyer, given = decided
        if command.given not in (None, given):
            text = f"{format_minor(given)} yuan would be taken now; look at it again and confirm it"
            return Refusal(WealthRefusal.AMOUNT_DIFFERS, text)
        row = _row(envelope, at, found, command, given)
        stake = await _stake(house, tx, row, buyer.wallet)
        (answer,) = await post(house, tx, at, [entries.subscribed(stake, given, row.placed_on, actor)])
        if not answer.posted:
            return no_money(given, buyer.free)
        await raise_store.add(tx, row)
        await deposit_event_store.add(tx, raise_listed.subscribed(row))
        await raise_store.note_sold(tx, row.product, given, 1, at.now if raise_rules.fills(found.one, given) else None)
        await sales.keep(house, tx, at, [wealth_sold(envelope, row, found.version, command.confirmed, buyer.standing)])
        return WealthSubscribed(row.id, row.arrival, row.asked, row.given, row.placed_at, row.placed_on)

    return await once(house, [book, HOUSE_BOOK], envelope, command, act, WealthSubscribed)


class Decided(NamedTuple):
    """The raise, who subscribes to it, and fen that are taken."""

    found: Found
    buyer: Buyer
    given: int


async def decide(house: House, tx: Any, at: Moment, envelope: Envelope, command: SubscribeWealth) -> Decided | Refusal:
    """What would be taken, or why nothing is; nothing of it is written."""
    found = await raise_catalogue.find(tx, command.product)
    if found is None:
        return Refusal(WealthRefusal.UNKNOWN_PRODUCT, "this product is not sold here; look at the shelf for those that are")
    buyer = await _buyer(house, tx, at, envelope, command.product)
    refusal = _not_for(house, envelope, found.version, buyer)
    if refusal is None and TERMS not in command.confirmed:
        refusal = Refusal(WealthRefusal.TERMS_NOT_CONFIRMED, "the product's terms were not confirmed; read and confirm them")
    given = refusal or raise_rules.subscribe(found.one, Asked(command.amount, envelope.received_at, buyer.had, buyer.free))
    return given if isinstance(given, Refusal) else Decided(found, buyer, given)


async def _buyer(house: House, tx: Any, at: Moment, envelope: Envelope, product: str) -> Buyer:
    book, person = who(envelope)
    row = (await customers.persons(tx, [(book, person)]))[person]
    ((wallet, free),) = [one or (0, 0) for one in await house.ledger.find_free(tx, at.now, [_account(book, Kind.WALLET, person)])]
    standing = (await assessments.standings(tx, [(book, person)])).get(person)
    return Buyer(row, standing, wallet, free, await raise_store.had(tx, book, person, product))


def _not_for(house: House, envelope: Envelope, version: Version, buyer: Buyer) -> Refusal | None:
    """Why this person may not have the product, whatever is left of it."""
    said, today = version.definition.eligibility, business_date_of(envelope.received_at)
    risk = said.risk_level or LOWEST
    return not_for(
        limits.barred_from_wealth(house.rule_set, buyer.row.kyc_level),
        not_eligible(said, version.product, buyer.row.kyc_level, _age(house, said, buyer.row, today)),
        above_risk(risk, buyer.standing, today, version.product, "product"),
        None,
    )


def _age(house: House, said: Eligibility, row: PersonRow, today: date) -> int | None:
    """Unsealed only where it is asked for."""
    return read_identity_number(open_person(house, row).identity_number.reveal()).age_on(today) if asks_age(said) else None


def _row(envelope: Envelope, at: Moment, found: Found, command: SubscribeWealth, given: int) -> SubscriptionRow:
    book, person = who(envelope)
    return SubscriptionRow(
        book=book,
        id=named(envelope.received_at, book, f"subscribe_wealth:{person}:{envelope.key}"),
        person=person,
        product=command.product,
        arrival=found.one.arrivals + 1,
        asked=command.amount,
        given=given,
        allotted=0,
        placed_on=at.date_of(envelope.received_at),
        placed_at=envelope.received_at,
        state=State.SUBSCRIBED,
    )


async def cancel(house: House, envelope: Envelope, command: CancelWealth) -> WealthCancelled | Refusal:
    """Give the money back to the wallet, with the interest of its days at the bank; what it took of the raise is there for others."""
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, actor: int) -> WealthCancelled | Refusal:
        row = await raise_store.subscription(tx, book, command.subscription)
        found = await raise_catalogue.find(tx, row.product) if row is not None and row.person == person else None
        if row is None or found is None:
            return Refusal(WealthRefusal.UNKNOWN_SUBSCRIPTION, "this is no subscription of yours; look at your list")
        refusal = raise_rules.cancel(found.one, row.state, envelope.received_at)
        if refusal is not None:
            return refusal
        day = at.date_of(envelope.received_at)
        rate = posted(await raise_catalogue.demand_chart(tx, found.one.terms.demand), day, row.given)
        interest = raise_rules.raise_interest(row.given, rate, (day - row.placed_on).days)
        (wallet,) = await house.ledger.open_accounts(tx, [_account(book, Kind.WALLET, person)])
        stake = await _stake(house, tx, row, wallet)
        await must_post(house, tx, at, [entries.cancelled(stake, row.given, interest, day, actor)])
        after = row._replace(state=State.CANCELLED, interest=interest, settled_on=day)
        await raise_store.save(tx, [after])
        await deposit_event_store.add(tx, raise_listed.given_back(after, day, day))
        await raise_store.note_sold(tx, row.product, -row.given, 0, None)
        return WealthCancelled(row.id, row.given, interest)

    return await once(house, [book, HOUSE_BOOK], envelope, command, act, WealthCancelled)


def _account(book: int, kind: Kind, owner: UUID) -> NewAccount:
    return NewAccount(book, kind, owner, Asset.CNY, _WITHIN)


async def _stake(house: House, tx: Tx, row: SubscriptionRow, wallet: int) -> Stake:
    (raised,) = await house.ledger.open_accounts(tx, [_account(row.book, Kind.WEALTH_SUBSCRIBED, row.id)])
    return Stake(row.book, row.id, wallet, raised)

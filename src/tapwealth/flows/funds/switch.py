"""Out of one fund into another of the same registrar: no money moves, and the units stay the holder's until the registrar has confirmed.

The order (036) goes out with the file of its dealing day; the answer (136, or 138 and 137 together) captures the units of the one and
brings those of the other, in one entry.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import msgspec

from tapwealth.catalogue.sale import SaleKind
from tapwealth.compliance import assessments, limits
from tapwealth.compliance.suitability import LOWEST, above_risk
from tapwealth.customers import store as customers
from tapwealth.flows.catalogue import sales
from tapwealth.flows.catalogue.sales import Sold
from tapwealth.flows.customers.people import own_key, who
from tapwealth.flows.frame import Envelope, House, Moment, must_post, once
from tapwealth.flows.funds.eligible import identities, ineligible
from tapwealth.flows.funds.fund_offer import Bought, fund_offers, fund_sold
from tapwealth.flows.funds.ordered import ordered_by
from tapwealth.flows.funds.purchase import OWN_CHANNEL, Place, order_of, own_order
from tapwealth.flows.funds.redemption import UNTIL_ANSWERED, facts_of
from tapwealth.funds import entries, orders_store, quotation_store, store
from tapwealth.funds.exchange_values import BusinessCode, ConfirmationRecord
from tapwealth.funds.orders_store import OrderRow
from tapwealth.funds.purchase import PurchaseFacts
from tapwealth.funds.store import Fund
from tapwealth.funds.switch import SwitchFacts, decide, switch_date
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import derived, prefixed
from tapwealth.kernel.money import checked, format_minor
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import JournalEntry, Limit, NewAccount
from tapwealth.notices import store as notices
from tapwealth.notices.notice import Notice, NoticeKind
from tapwealth.storage.database import Tx


class SwitchFund(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many units (1/100) of `fund` into the fund `into`."""

    fund: str
    into: str
    units: int


class SwitchPlaced(msgspec.Struct, frozen=True):
    """The order's id and dealing day."""

    order: str
    dealing_date: date
    units: int
    received_at: datetime | None = None
    business_date: date | None = None


async def switch(house: House, envelope: Envelope, command: SwitchFund) -> SwitchPlaced | Refusal:
    """Hold the units and place the order."""
    checked(command.units, where="units")
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, actor: int) -> SwitchPlaced | Refusal:
        facts, leaves, enters = await _facts(house, tx, at, envelope, command)
        refusal = decide(facts, command.units)
        if refusal is not None:
            return refusal
        left, entered = facts.leaves.fund, facts.enters.fund
        assert left is not None, "a fund that is not there is refused"
        assert entered is not None, "a fund that is not there is refused"
        key = own_key(envelope, "switch", (await customers.persons(tx, [(book, person)]))[person])
        day = switch_date(house.calendar, left, entered, envelope.received_at, at.cut)
        order = own_order(envelope, at, "switch", key, Place(left.code, day, holding=leaves), BusinessCode.SWITCH, units=command.units)
        order = replace(order, target_fund=entered.code, target_holding=enters)
        until = envelope.received_at + UNTIL_ANSWERED
        placed = entries.switch_placed(order_of(order, left, own=True), order.units, order.business_date, actor, until)
        await must_post(house, tx, at, [placed])
        await orders_store.add_orders(tx, [order])
        await sales.keep(house, tx, at, [await _sold(house, tx, envelope, order, entered, facts.worth)])
        return SwitchPlaced(prefixed("ord", order.id), day, order.units, order.received_at, order.business_date)

    return await once(house, [book], envelope, command, act, SwitchPlaced)


async def _sold(house: House, tx: Tx, envelope: Envelope, order: OrderRow, entered: Fund, worth: int) -> Sold:
    """What was shown of the fund that is entered."""
    key = (entered.code, entered.version, envelope.language)
    offer = (await fund_offers(house, tx, SaleKind.SWITCH, OWN_CHANNEL, [key]))[key]
    nav = (await quotation_store.last_navs(tx)).get(entered.code, 0)
    terms = {"units": order.units, "out_of": order.fund, "dealing_date": str(order.dealing_date), **offer.price(worth, nav)}
    risky = entered.risk_level > LOWEST
    standing = (await assessments.standings(tx, [(order.book, order.fund_account)])).get(order.fund_account) if risky else None
    return fund_sold(envelope, SaleKind.SWITCH, Bought(order.id, *key[:2]), offer, terms, standing)


async def _facts(house: House, tx: Tx, at: Moment, envelope: Envelope, command: SwitchFund) -> tuple[SwitchFacts, int, int]:
    """What is known, and the ledger accounts of both funds' units."""
    book, person = who(envelope)
    leaves, leaves_account = await facts_of(house, tx, at, book, person, command.fund)
    shelf = await store.funds(tx)
    left, entered = leaves.fund, shelf.get(command.into)
    navs = await quotation_store.last_navs(tx)
    enters_account, held = await _held(house, tx, book, person, entered, navs)
    day = switch_date(house.calendar, left, entered, envelope.received_at, at.cut) if left and entered else at.date_of(at.now)
    ordered = (await ordered_by(tx, [(book, person)], day, shelf))[person, command.into]
    worth = left.value(command.units, navs) if left else 0
    standings = await assessments.standings(tx, [(book, person)]) if entered and entered.risk_level > LOWEST else {}
    row = (await customers.persons(tx, [(book, person)]))[person]
    today = business_date_of(envelope.received_at)
    enters = PurchaseFacts(
        entered,
        (await store.channels(tx)).get((OWN_CHANNEL, command.into)),
        limits.barred_from_wealth(house.rule_set, row.kyc_level),
        above_risk(entered.risk_level, standings.get(person), today, entered.code) if entered else None,
        leaves.holder,
        ordered.by_day.get(day, 0),
        held + ordered.under_way,
        worth,
        ineligible(entered, row.kyc_level, await identities(house, tx, [(book, person)], [entered]), person, today),
    )
    return SwitchFacts(leaves, enters, worth), leaves_account, enters_account


async def _held(house: House, tx: Tx, book: int, person: Any, fund: Fund | None, navs: Mapping[str, int]) -> tuple[int, int]:
    """The account of its units, and what they are worth."""
    if fund is None:
        return 0, 0
    (account,) = await house.ledger.open_accounts(tx, [NewAccount(book, Kind.HOLDING, person, fund.asset, Limit.DEBITS_WITHIN_CREDITS)])
    return account, fund.value((await house.ledger.balances(tx, [account]))[account].totals.owed, navs)


def settled(order: OrderRow, one: ConfirmationRecord, funds: Mapping[str, Fund], day: date, actor: int) -> JournalEntry:
    """What the registrar answered, as an entry."""
    view = order_of(order, funds[order.fund], own=True)
    if not one.accepted:
        return entries.switch_refused(view, order.units, day, actor)
    return entries.switch_confirmed(view, order.units, order.target_holding, one.target_volume, funds[order.target_fund].asset, day, actor)


async def tell_refused(tx: Tx, at: Moment, answers: Sequence[tuple[OrderRow, ConfirmationRecord]]) -> None:
    """The holders of switches that the registrar did not take."""
    await notices.tell(tx, [_told(at, order, one) for order, one in answers if not one.accepted])


def _told(at: Moment, order: OrderRow, one: ConfirmationRecord) -> Notice:
    units = format_minor(order.units)
    zh = f"登记机构未受理您 {units} 份的基金转换（{one.return_code}），份额仍在您的账户，可再次转换或赎回。"
    en = f"The registrar did not take your switch of {units} units ({one.return_code}); they are yours as before, to switch or redeem."
    key = derived(order.id, "switch refused")
    return Notice(order.book, key, order.fund_account, at.now, zh, en, NoticeKind.FUND, "statement/me", obligatory=True)

"""Units into money at once: the bank's line pays the wallet and takes the units over.

One entry moves the units on their way to the advancer, uses the line and credits the wallet; the order to the registrar and the draw at the
bank go with it (`advances`). From there on it is what a capture's is, and the advancer earns. Where a bank card's account is swept into the
fund, that card is its safe card: the money goes on to it alone.

The cap and the line are read under the lock of the holder's book, which stands until the answer is remembered: no two requests together
pass either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

import msgspec

from tapwealth.customers import store as customers
from tapwealth.customers.store import PersonRow
from tapwealth.flows.bank import payments
from tapwealth.flows.customers.people import own_key, to_card, wallet_of, who
from tapwealth.flows.frame import Envelope, House, Moment, is_fresh, moment, must_post, once
from tapwealth.flows.funds import advance_line, pocket
from tapwealth.flows.funds.advances import TakenOver, take_over
from tapwealth.flows.funds.fund_pockets import POCKET
from tapwealth.flows.funds.instant_cap import cap_of, counted
from tapwealth.funds import entries, store, sweep_store
from tapwealth.funds.conditions import FundKind
from tapwealth.funds.entries import Order
from tapwealth.funds.instant import InstantFacts, InstantRefusal, decide, shared_out
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import derived, named, prefixed
from tapwealth.kernel.money import checked
from tapwealth.kernel.parts import Part, Parts
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.storage.database import Tx


class RedeemInstantly(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many units (1/100) of the fund with that code into the wallet, at once; or of the `pocket`: of the holder's funds in their order,
    all or nothing."""

    fund: str
    units: int


class RedeemedPart(msgspec.Struct, frozen=True):
    """What one fund of a pocket gave, by an order of its own; `card` and `payment` as below."""

    fund: str
    units: int
    order: str
    card: str = ""
    payment: str = ""


class InstantlyRedeemed(msgspec.Struct, frozen=True):
    """The order's id; `amount` fen are in the wallet, or on their way to the safe card (`card`, masked; `payment`).
    `left_today` fen may go at once today beside them; null where there is no cap. `parts`: of a pocket, fund by fund; the rest then tells
    of the first one, the sums of all."""

    order: str
    units: int
    amount: int
    left_today: int | None
    card: str = ""
    payment: str = ""
    received_at: datetime | None = None
    business_date: date | None = None
    parts: list[RedeemedPart] = msgspec.field(default_factory=list)


async def redeem(house: House, envelope: Envelope, command: RedeemInstantly) -> InstantlyRedeemed | Refusal:
    """At 1.0000: as many fen as 1/100 units."""
    checked(command.units, where="units")
    book, person = who(envelope)
    await _fill_the_line(house, envelope, command)

    async def act(tx: Tx, at: Moment, actor: int) -> InstantlyRedeemed | Refusal:
        day, read = at.date_of(envelope.received_at), envelope.received_at
        facts = await _asked(house, tx, at, book, person, command.fund, day)
        parts = _decided(facts, command)
        if isinstance(parts, Refusal):
            return parts
        row = (await customers.persons(tx, [(book, person)]))[person]
        key = own_key(envelope, "redeem_instantly", row)
        wallet = await wallet_of(house, tx, book, person)
        taken = [_taken(facts[code], book, person, units, read, key, place) for place, (code, units) in enumerate(parts)]
        views = [Order(book, one.id, 0, one.holding, 0, True, one.fund.asset) for one in taken]
        made = [entries.instantly_redeemed(view, wallet, one.units, day, actor) for view, one in zip(views, taken, strict=True)]
        await must_post(house, tx, at, made)
        await take_over(house, tx, at, day, actor, taken)
        given = await _to_safe_cards(house, tx, at, day, actor, row, wallet, taken)
        caps = [one.left for one, _ in facts.values() if one.left is not None]
        left, whole, (first, *_) = sum(caps) - command.units if caps else None, command.units, given
        answer = InstantlyRedeemed(first.order, whole, whole, left, first.card, first.payment, read, day)
        return msgspec.structs.replace(answer, parts=given) if command.fund == POCKET else answer

    return await once(house, [book], envelope, command, act, InstantlyRedeemed)


def _decided(facts: Mapping[str, tuple[InstantFacts, int]], command: RedeemInstantly) -> Parts | Refusal:
    """How much of which fund."""
    if command.fund == POCKET:
        return shared_out({code: one for code, (one, _) in facts.items()}, command.units)
    return decide(facts[command.fund][0], command.units) or (Part(command.fund, command.units),)


def _taken(facts: tuple[InstantFacts, int], book: int, person: UUID, units: int, at: datetime, key: UUID, place: int) -> TakenOver:
    """What one fund gives; the first one is called as if it were alone."""
    one, holding = facts
    assert one.fund is not None, "a fund that is not there is refused"
    name = derived(key, f"part {place}") if place else key
    return TakenOver(book, named(at, book, f"redeem_instantly:{name}"), name, person, one.fund, holding, units, at)


async def _to_safe_cards(
    house: House, tx: Tx, at: Moment, day: date, actor: int, row: PersonRow, wallet: int, taken: Sequence[TakenOver]
) -> list[RedeemedPart]:
    """What of a fund that a card is swept into goes on to that card. The bank's money has to be in the reserve before it leaves it: until
    then only other customers' money lies there."""
    safe = await sweep_store.safe_cards(tx, [(row.book, row.id, one.fund.code) for one in taken])
    cards = {one.id: one for one in await customers.bank_cards_of(tx, row.book, row.id)} if safe else {}
    given, out = [], []
    for one in taken:
        card, part = cards.get(safe.get((row.id, one.fund.code), row.id)), RedeemedPart(one.fund.code, one.units, prefixed("ord", one.id))
        if card is not None:
            name = named(one.received_at, row.book, f"safe card:{one.name}")
            out.append(replace(to_card(name, row, card, wallet, one.units, business_date_of(at.now)), after=one.name))
            part = msgspec.structs.replace(part, card=card.masked_pan, payment=prefixed("pay", name))
        given.append(part)
    if out:
        await payments.instruct(house, tx, at, day, actor, out)
    return given


async def _fill_the_line(house: House, envelope: Envelope, command: RedeemInstantly) -> None:
    """Nothing but the line stands against it: what other books have free of it comes to this one first."""
    book, person = who(envelope)
    async with house.database.read() as tx:
        if not await is_fresh(house, tx, book, envelope, command):
            return
        at = await moment(tx)
        facts = await _asked(house, tx, at, book, person, command.fund, at.date_of(envelope.received_at))
    parts = _decided(facts, command)
    if isinstance(parts, Refusal) and parts.code is InstantRefusal.LINE_USED_UP:
        await advance_line.level(house, {book: command.units})


async def _asked(house: House, tx: Tx, at: Moment, book: int, person: UUID, fund: str, day: date) -> dict[str, tuple[InstantFacts, int]]:
    """What is known of the fund that is named, or of those behind the pocket that pay now, in their order; few, as a pocket has few."""
    if fund != POCKET:
        return {fund: await _facts(house, tx, at, book, person, fund, day)}
    chosen = (await customers.payers(tx, [(book, person)]))[person].pocket
    behind = [code for _, _, code in await pocket.behind(house, tx, {(book, person): chosen})]
    found = {code: await _facts(house, tx, at, book, person, code, day) for code in behind}
    return {code: one for code, one in found.items() if one[0].fund is not None and one[0].fund.pays}


async def _facts(house: House, tx: Tx, at: Moment, book: int, person: UUID, code: str, day: date) -> tuple[InstantFacts, int]:
    """What is known, and the ledger account of the units."""
    fund, holding, line = (await store.funds(tx)).get(code), None, advance_line.line_of(book)
    if fund is not None:
        wanted = NewAccount(book, Kind.HOLDING, person, fund.asset, Limit.DEBITS_WITHIN_CREDITS)
        (holding,) = await house.ledger.find_accounts(tx, [wanted])
    free = await house.ledger.free(tx, at.now, [line, *([holding] if holding else [])])
    redeemed = await counted(tx, house.rule_set, [(book, person)], code, day)
    holder = (await store.accounts_by_id(tx, [(book, person)])).get(person)
    units = free.get(holding, 0) if holding else 0
    kind = fund.kind if fund is not None else FundKind.MONEY
    return InstantFacts(fund, holder, units, cap_of(house.rule_set), redeemed[person], free[line], kind), holding or 0

"""Units into money at once: the bank's line pays the wallet and takes the units over.

One entry moves the units on their way to the advancer, uses the line and credits the wallet; the order to the registrar and the draw at the
bank go with it (`advances`). From there on it is what a capture's is, and the advancer earns. Where a bank card's account is swept into the
fund, that card is its safe card: the money goes on to it alone.

The cap and the line are read under the lock of the holder's book, which stands until the answer is remembered: no two requests together
pass either.
"""

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

import msgspec

from tapwealth.customers import store as customers
from tapwealth.flows import advance_line, payments
from tapwealth.flows.advances import TakenOver, take_over
from tapwealth.flows.frame import Envelope, House, Moment, is_fresh, moment, must_post, once
from tapwealth.flows.instant_cap import cap_of, counted
from tapwealth.flows.people import own_key, to_card, wallet_of, who
from tapwealth.funds import entries, store, sweep_store
from tapwealth.funds.conditions import FundKind
from tapwealth.funds.entries import Order
from tapwealth.funds.instant import InstantFacts, InstantRefusal, decide
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import named, prefixed
from tapwealth.kernel.money import checked
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.storage.database import Tx


class RedeemInstantly(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many units (1/100) of the fund with that code into the wallet, at once."""

    fund: str
    units: int


class InstantlyRedeemed(msgspec.Struct, frozen=True):
    """The order's id; `amount` fen are in the wallet, or on their way to the safe card (`card`, masked; `payment`).
    `left_today` fen may go at once today beside them; null where there is no cap."""

    order: str
    units: int
    amount: int
    left_today: int | None
    card: str = ""
    payment: str = ""
    received_at: datetime | None = None
    business_date: date | None = None


async def redeem(house: House, envelope: Envelope, command: RedeemInstantly) -> InstantlyRedeemed | Refusal:
    """At 1.0000: as many fen as 1/100 units."""
    checked(command.units, where="units")
    book, person = who(envelope)
    await _fill_the_line(house, envelope, command)

    async def act(tx: Tx, at: Moment, actor: int) -> InstantlyRedeemed | Refusal:
        day = at.date_of(envelope.received_at)
        facts, holding = await _facts(house, tx, at, book, person, command.fund, day)
        refusal = decide(facts, command.units)
        if refusal is not None:
            return refusal
        assert facts.fund is not None, "a fund that is not there is refused"
        row = (await customers.persons(tx, [(book, person)]))[person]
        key = own_key(envelope, "redeem_instantly", row)
        identifier = named(envelope.received_at, book, f"redeem_instantly:{key}")
        view = Order(book, identifier, 0, holding, 0, True, facts.fund.asset)
        wallet = await wallet_of(house, tx, book, person)
        await must_post(house, tx, at, [entries.instantly_redeemed(view, wallet, command.units, day, actor)])
        taken = TakenOver(book, identifier, key, person, facts.fund, holding, command.units, envelope.received_at)
        await take_over(house, tx, at, day, actor, [taken])
        left = None if facts.cap is None else facts.cap - facts.redeemed - command.units
        order, read = prefixed("ord", identifier), envelope.received_at
        answer = InstantlyRedeemed(order, command.units, command.units, left, received_at=read, business_date=day)
        safe = (await sweep_store.safe_cards(tx, [(book, person, command.fund)])).get((person, command.fund))
        card = await customers.bank_card(tx, book, safe) if safe else None
        if card is None:
            return answer
        # The bank's money has to be in the reserve before it leaves it: until then only other customers' money lies there.
        out = to_card(named(envelope.received_at, book, f"safe card:{key}"), row, card, wallet, command.units, business_date_of(at.now))
        await payments.instruct(house, tx, at, day, actor, [replace(out, after=key)])
        return msgspec.structs.replace(answer, card=card.masked_pan, payment=prefixed("pay", out.id))

    return await once(house, [book], envelope, command, act, InstantlyRedeemed)


async def _fill_the_line(house: House, envelope: Envelope, command: RedeemInstantly) -> None:
    """Nothing but the line stands against it: what other books have free of it comes to this one first."""
    book, person = who(envelope)
    async with house.database.read() as tx:
        if not await is_fresh(house, tx, book, envelope, command):
            return
        at = await moment(tx)
        facts, _ = await _facts(house, tx, at, book, person, command.fund, at.date_of(envelope.received_at))
    refusal = decide(facts, command.units)
    if refusal is not None and refusal.code is InstantRefusal.LINE_USED_UP:
        await advance_line.level(house, {book: command.units})


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

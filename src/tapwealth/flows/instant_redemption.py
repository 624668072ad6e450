"""Units into money at once: the bank's line pays the wallet and takes the units over.

One entry moves the units on their way to the advancer, uses the line and credits the wallet. The line's money is drawn into the reserve at
once, not with the evening's captures: what is credited may leave again the same day, and must not leave out of other customers' money. The
order (098) is placed with it and goes to the registrar in the evening; from there on it is what a capture's is, and the advancer earns.

The cap and the line are read under the lock of the holder's book, which stands until the answer is remembered: no two requests together
pass either.
"""

from datetime import date
from uuid import UUID

import msgspec

from tapwealth.bank.entries import NUMBER_OF, Part
from tapwealth.customers import store as customers
from tapwealth.flows import advance_line, payments
from tapwealth.flows.frame import Envelope, House, Moment, moment, must_post, once
from tapwealth.flows.instant_cap import cap_of, counted
from tapwealth.flows.payments import Payment, Purpose, end_to_end
from tapwealth.flows.people import own_key, wallet_of, who
from tapwealth.flows.purchase import OWN_CHANNEL, serial_of
from tapwealth.funds import entries, store
from tapwealth.funds.entries import Order
from tapwealth.funds.exchange_values import BusinessCode
from tapwealth.funds.instant import InstantFacts, InstantRefusal, decide
from tapwealth.funds.store import Fund, OrderRow
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import named, prefixed
from tapwealth.kernel.money import Asset, checked
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.storage.database import Tx


class RedeemInstantly(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many units (1/100) of the fund with that code into the wallet, at once."""

    fund: str
    units: int


class InstantlyRedeemed(msgspec.Struct, frozen=True):
    """The order's id; `amount` fen are in the wallet. `left_today` fen may go at once today beside them; null where there is no cap."""

    order: str
    units: int
    amount: int
    left_today: int | None


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
        order = _row(envelope, row, facts.fund, holding, command.units, day)
        view = Order(order.book, order.id, order.funding, order.holding, 0, True, Asset(facts.fund.asset))
        wallet = await wallet_of(house, tx, book, person)
        await must_post(house, tx, at, [entries.instantly_redeemed(view, wallet, order.units, day, actor)])
        await store.add_orders(tx, [order])
        draw = _draw(order, own_key(envelope, "draw", row), business_date_of(at.now))
        await payments.instruct(house, tx, at, day, actor, [draw], set_aside=False)
        left = None if facts.cap is None else facts.cap - facts.redeemed - command.units
        return InstantlyRedeemed(prefixed("ord", order.id), command.units, command.units, left)

    return await once(house, [book], envelope, command, act, InstantlyRedeemed)


async def _fill_the_line(house: House, envelope: Envelope, command: RedeemInstantly) -> None:
    """Nothing but the line stands against it: what other books have free of it comes to this one first."""
    book, person = who(envelope)
    async with house.database.read() as tx:
        at = await moment(tx)
        facts, _ = await _facts(house, tx, at, book, person, command.fund, at.date_of(envelope.received_at))
    refusal = decide(facts, command.units)
    if refusal is not None and refusal.code is InstantRefusal.LINE_USED_UP:
        await advance_line.level(house, {book: command.units})


async def _facts(house: House, tx: Tx, at: Moment, book: int, person: UUID, code: str, day: date) -> tuple[InstantFacts, int]:
    """What is known, and the ledger account of the units."""
    fund, holding, line = (await store.funds(tx)).get(code), None, advance_line.line_of(book)
    if fund is not None:
        wanted = NewAccount(book, Kind.HOLDING, person, Asset(fund.asset), Limit.DEBITS_WITHIN_CREDITS)
        (holding,) = await house.ledger.find_accounts(tx, [wanted])
    free = await house.ledger.free(tx, at.now, [line, *([holding] if holding else [])])
    redeemed = await counted(tx, house.rule_set, [(book, person)], code, day)
    holder = (await store.accounts_by_id(tx, [(book, person)])).get(person)
    units = free.get(holding, 0) if holding else 0
    return InstantFacts(fund, holder, units, cap_of(house.rule_set), redeemed[person], free[line]), holding or 0


def _row(envelope: Envelope, row: customers.PersonRow, fund: Fund, holding: int, units: int, day: date) -> OrderRow:
    key = own_key(envelope, "redeem_instantly", row)
    return OrderRow(
        book=row.book,
        id=named(envelope.received_at, row.book, f"redeem_instantly:{key}"),
        serial=serial_of(day, key),
        channel=OWN_CHANNEL,
        fund=fund.code,
        fund_account=row.id,
        funding=house_account(row.book, Kind.TRANSIT_098, fund.asset),
        holding=holding,
        business_code=BusinessCode.FAST_TRANSFER,
        amount=0,
        units=units,
        received_at=envelope.received_at,
        dealing_date=day,
        business_date=day,
    )


def _draw(order: OrderRow, identifier: UUID, today: date) -> Payment:
    """The advanced money's way from the bank's account into the reserve."""
    out, due = (house_account(order.book, kind, Asset.CNY) for kind in (Kind.ADVANCE_OUT, Kind.RESERVE_DUE))
    return Payment(
        identifier,
        end_to_end("ADV", identifier),
        Purpose.ADVANCE_DRAW,
        NUMBER_OF[Kind.ADVANCE],
        NUMBER_OF[Kind.CUSTOMER_RESERVE],
        "Tapwealth customer reserve",
        today,
        (Part(order.book, order.units, out, due),),
    )

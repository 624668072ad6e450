"""Units into money at once: the bank's line pays the wallet and takes the units over.

One entry moves the units on their way to the advancer, uses the line and credits the wallet. The line's money is drawn into the reserve at
once, not with the evening's captures: what is credited may leave again the same day, and must not leave out of other customers' money. The
order (098) is placed with it and goes to the registrar in the evening; from there on it is what a capture's is, and the advancer earns.

The cap and the line are read under the lock of the holder's book, which stands until the answer is remembered: no two requests together
pass either.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import msgspec

from tapwealth.bank.entries import NUMBER_OF, Part
from tapwealth.compliance.rules import rule_set
from tapwealth.customers import store as customers
from tapwealth.flows import payments
from tapwealth.flows.frame import Envelope, House, Moment, must_post, once
from tapwealth.flows.payments import Payment, Purpose, end_to_end
from tapwealth.flows.people import own_key, wallet_of, who
from tapwealth.flows.purchase import OWN_CHANNEL, serial_of
from tapwealth.funds import entries, store
from tapwealth.funds.entries import Order
from tapwealth.funds.exchange_values import BusinessCode
from tapwealth.funds.instant import InstantFacts, decide
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


@dataclass(frozen=True, slots=True)
class _Known:
    """A holder's facts, and the accounts that the money and the units move between."""

    facts: InstantFacts
    wallet: int
    holding: int


async def redeem(house: House, envelope: Envelope, command: RedeemInstantly) -> InstantlyRedeemed | Refusal:
    """At 1.0000: as many fen as 1/100 units."""
    checked(command.units, where="units")
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, actor: int) -> InstantlyRedeemed | Refusal:
        day = at.date_of(envelope.received_at)
        known = await _known(house, tx, at, book, person, command.fund, day)
        refusal = decide(known.facts, command.units)
        if refusal is not None:
            return refusal
        assert known.facts.fund is not None, "a fund that is not there is refused"
        row = (await customers.persons(tx, [(book, person)]))[person]
        order = _row(known, envelope, row, known.facts.fund, command.units, day)
        view = Order(order.book, order.id, order.funding, order.holding, 0, True, Asset(known.facts.fund.asset))
        await must_post(house, tx, at, [entries.instantly_redeemed(view, known.wallet, order.units, day, actor)])
        await store.add_orders(tx, [order])
        draw = _draw(order, own_key(envelope, "draw", row), business_date_of(at.now))
        await payments.instruct(house, tx, at, day, actor, [draw], set_aside=False)
        cap = known.facts.cap
        left = None if cap is None else cap - known.facts.redeemed - command.units
        return InstantlyRedeemed(prefixed("ord", order.id), command.units, command.units, left)

    return await once(house, [book], envelope, command, act, InstantlyRedeemed)


async def _known(house: House, tx: Tx, at: Moment, book: int, person: UUID, code: str, day: date) -> _Known:
    fund = (await store.funds(tx)).get(code)
    wallet, holding = await wallet_of(house, tx, book, person), 0
    line = house_account(book, Kind.ADVANCE_PAYABLE, Asset.CNY)
    if fund is not None:
        wanted = NewAccount(book, Kind.HOLDING, person, Asset(fund.asset), Limit.DEBITS_WITHIN_CREDITS)
        (holding,) = await house.ledger.open_accounts(tx, [wanted])
    free = await house.ledger.free(tx, at.now, [holding, line] if fund else [line])
    redeemed = await store.redeemed_at_once(tx, [(book, person)], code, OWN_CHANNEL, day)
    facts = InstantFacts(
        fund,
        (await store.accounts_by_id(tx, [(book, person)])).get(person),
        free.get(holding, 0),
        cap_of(house),
        redeemed.get(person, 0),
        free[line],
    )
    return _Known(facts, wallet, holding)


def cap_of(house: House) -> int | None:
    """Fen that an investor may have at once of a fund over one sales institution in a day; None where no rule caps it."""
    row = rule_set(house.rule_set).find("instant_redemption", "day_cap")
    return row.value if row else None


def _row(known: _Known, envelope: Envelope, row: customers.PersonRow, fund: Fund, units: int, day: date) -> OrderRow:
    key = own_key(envelope, "redeem_instantly", row)
    return OrderRow(
        book=row.book,
        id=named(envelope.received_at, row.book, f"redeem_instantly:{key}"),
        serial=serial_of(day, key),
        channel=OWN_CHANNEL,
        fund=fund.code,
        fund_account=row.id,
        funding=house_account(row.book, Kind.TRANSIT_098, fund.asset),
        holding=known.holding,
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

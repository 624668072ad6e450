"""What becomes of a bill's payment: answered, doubted, given up, settled.

What the biller says (`bill_lanes` asks it) is applied in a transaction of its own, by the table in `bills.payment`. An answer that does not
come is never a failure: the payment is in doubt, its money stays in suspense, and an inquiry follows until the outcome is final. The serial
keeps the biller from taking a payment twice, the table and the ledger's keys keep us from settling it twice, whatever is repeated, late, or
in the wrong order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tapwealth.bank import store as bank
from tapwealth.bank.store import BreakRow
from tapwealth.bills import entries, store
from tapwealth.bills.biller import AskArrears, NotReceived, Paid, PaymentAnswer, Rejected, Unknown
from tapwealth.bills.entries import BillMoney
from tapwealth.bills.payment import PaymentEvent, PaymentRefusal, PaymentState, event_of, next_state
from tapwealth.bills.schedule import pause_after
from tapwealth.bills.store import BillerRow, Key, PaymentRow
from tapwealth.compliance import store as compliance
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, Moment, actor_number, actor_numbers, moment, must_post
from tapwealth.flows.funds.advances import TakenOver, take_over
from tapwealth.flows.funds.pocket import holding_of, units_of
from tapwealth.funds import store as funds
from tapwealth.funds.store import Fund
from tapwealth.kernel.clock import business_date_of, machine_now
from tapwealth.kernel.ids import derived, named
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount, Share
from tapwealth.notices import store as notices
from tapwealth.notices.notice import Notice, NoticeKind
from tapwealth.storage.database import Tx

BILLER = "biller"
"""The source of the breaks found here."""

_REFUNDED = frozenset({PaymentState.REJECTED, PaymentState.REFUNDED})


@dataclass(frozen=True, slots=True)
class Told:
    """Something that happened to a payment; `reason` and `reference` are the biller's, which was `silent` if it has said nothing at all.
    `resent`: the payment was sent anew, as the biller had never received it."""

    key: Key
    event: PaymentEvent
    reason: str = ""
    reference: str = ""
    silent: bool = False
    resent: bool = False


def told(key: Key, answer: PaymentAnswer) -> Told:
    """The biller's answer as an event."""
    match answer:
        case Paid(reference):
            return Told(key, event_of(answer), reference=reference)
        case Rejected(reason):
            return Told(key, event_of(answer), reason)
        case NotReceived():
            return Told(key, event_of(answer), "the biller has not received it")
        case AskArrears():
            return Told(key, event_of(answer), "the biller looks nothing up by serial")
        case Unknown(why, there):
            return Told(key, event_of(answer), why, silent=not there)


async def hear(house: House, said: Sequence[Told]) -> list[PaymentRow]:
    """Apply what happened, now; the payments as they are then."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, sorted({one.key[0] for one in said}))
        at = await moment(tx)
        return await apply(house, tx, at, at.open_date(business_date_of(at.now)), said)


async def apply(house: House, tx: Tx, at: Moment, day: date, said: Sequence[Told]) -> list[PaymentRow]:
    """Apply what happened under a business date, in a transaction that holds the books; one payment at most once in the list."""
    before = await store.hold_payments(tx, [one.key for one in said])
    after = {one.key: _after(before[one.key], one, _date_of(before[one.key], day, at), at) for one in said}
    moved = [(before[key], row) for key, row in after.items() if row.state is not before[key].state]
    await _post(house, tx, at, [row for _, row in moved], day)
    await store.save(tx, [row for key, row in after.items() if row != before[key]])
    given_back = [row for _, row in moved if row.state in _REFUNDED]
    await compliance.add_usage(tx, [(row.book, row.person, row.business_date, -row.total) for row in given_back])
    await bank.add_breaks(tx, day, [one for one in (_break(before[each.key], each) for each in said) if one], at.now)
    await _tell(tx, at, moved)
    return [after[one.key] for one in said]


def _date_of(row: PaymentRow, day: date, at: Moment) -> date:
    """What the fund pays is dated when its units can still go out (098): a date that is cut has sent its files."""
    return at.open_date(day) if row.fund_units else day


def _after(row: PaymentRow, said: Told, day: date, at: Moment) -> PaymentRow:
    """The payment after the event: the same where it changes nothing, or cannot happen."""
    state = next_state(row.state, said.event)
    if isinstance(state, Refusal):
        return row
    if state is row.state:
        return _known_better(row._replace(resent=row.resent + said.resent, faults=0), said)
    known: dict[str, Any] = {
        "state": state,
        "reason": said.reason,
        "biller_reference": said.reference,
        "resent": row.resent + said.resent,
        "faults": 0,
    }
    if state is PaymentState.UNKNOWN:
        return row._replace(**known, next_at=_later(row))
    if state in (PaymentState.PAID, PaymentState.LATE_SUCCESS):
        known |= {"paid_on": day, "paid_at": at.now}
    if state is PaymentState.PAID or state in _REFUNDED:
        known |= {"settled_on": day, "next_at": None}
    return row._replace(**known)


def _known_better(row: PaymentRow, said: Told) -> PaymentRow:
    """The same state again: why it is still in doubt, or the biller's serial, which an account that owes nothing more did not tell."""
    if row.state is PaymentState.UNKNOWN:
        return row._replace(reason=said.reason, next_at=_later(row))
    return row if row.biller_reference else row._replace(biller_reference=said.reference)


def _later(row: PaymentRow) -> datetime:
    """When it is asked about again."""
    return machine_now() + pause_after(row.asked)


_MAKE = {
    PaymentState.PAID: entries.paid,
    PaymentState.REJECTED: entries.refunded,
    PaymentState.REFUNDED: entries.refunded,
    PaymentState.LATE_SUCCESS: entries.late_success,
}
_MAKE_FROM_FUND = {
    **_MAKE,
    PaymentState.PAID: entries.captured,
    PaymentState.REJECTED: entries.released,
    PaymentState.REFUNDED: entries.released,
}


async def _post(house: House, tx: Tx, at: Moment, moved: Sequence[PaymentRow], day: date) -> None:
    """The entries of what has changed; the units that paid are the advancer's."""
    posting = [row for row in moved if row.state in _MAKE]
    actors = await actor_numbers(tx, [(row.book, PLATFORM) for row in posting])
    money = await money_of(house, tx, posting)
    made = [
        (_MAKE_FROM_FUND if row.fund_units else _MAKE)[row.state](one, _date_of(row, day, at), actor)
        for row, one, actor in zip(posting, money, actors, strict=True)
    ]
    await must_post(house, tx, at, made)
    paid = [(row, one) for row, one in zip(posting, money, strict=True) if row.fund_units and row.state is PaymentState.PAID]
    if paid:
        shelf = await funds.funds(tx)
        taken = [_taken_over(row, place, one, shelf) for row, money in paid for place, one in enumerate(money.funds)]
        await take_over(house, tx, at, at.open_date(day), await actor_number(tx, HOUSE_BOOK, PLATFORM), taken)


def _taken_over(row: PaymentRow, place: int, share: Share, shelf: Mapping[str, Fund]) -> TakenOver:
    """What one fund has paid of it."""
    further = f":{place}" if place else ""
    name = named(row.received_at, HOUSE_BOOK, f"bill from the fund:{row.serial}{further}")
    order, fund = derived(row.id, f"fast_transfer{further}"), shelf[row.by_funds[place].source]
    return TakenOver(row.book, order, name, row.person, fund, share.account, share.amount, row.received_at, source=row.id)


async def money_of(house: House, tx: Tx, rows: Sequence[PaymentRow]) -> list[BillMoney]:
    """The accounts of payments; a biller's is opened where it is used for the first time."""
    wallets = [NewAccount(row.book, Kind.WALLET, row.person, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS) for row in rows]
    billers = [NewAccount(row.book, Kind.BILLER, row.biller, Asset.CNY, Limit.NONE) for row in rows]
    units = await units_of(house, tx, {part.source for row in rows for part in row.by_funds})
    holdings = [[holding_of(row.book, row.person, units[part.source]) for part in row.by_funds] for row in rows]
    wanted = list(dict.fromkeys([*wallets, *billers, *(one for of in holdings for one in of)]))
    account = dict(zip(wanted, await house.ledger.open_accounts(tx, wanted), strict=True))
    made = []
    for row, wallet, biller, held in zip(rows, wallets, billers, holdings, strict=True):
        shares = [Share(account[one], part.amount, units[part.source]) for one, part in zip(held, row.by_funds, strict=True)]
        made.append(BillMoney(row.book, row.id, row.amount, account[wallet], account[biller], tuple(shares), row.payer_fee))
    return made


def _break(row: PaymentRow, said: Told) -> BreakRow | None:
    """What an accountant should look at: the money of both stands on an account of ours."""
    state = next_state(row.state, said.event)
    yuan = format_minor(row.amount)
    if isinstance(state, Refusal):
        if state.code is not PaymentRefusal.CONTRADICTION:
            return None
        text = f"payment {row.serial} of {yuan} was said to be paid, and now to be rejected ({said.reason})"
        return BreakRow(BILLER, "contradiction", row.serial, row.amount, text, accounted=True)
    if state is not PaymentState.LATE_SUCCESS or row.state is PaymentState.LATE_SUCCESS:
        return None
    text = f"payment {row.serial} of {yuan} was refunded on {row.settled_on} and turns out to be paid; the customer owes it"
    return BreakRow(BILLER, "late_success", row.serial, row.amount, text, accounted=True)


async def _tell(tx: Tx, at: Moment, moved: Sequence[tuple[PaymentRow, PaymentRow]]) -> None:
    """The customer hears of everything but a payment that simply went through: its receipt says it."""
    worth_telling = [after for before, after in moved if _is_news(before.state, after.state)]
    if not worth_telling:
        return
    billers = await store.billers(tx)
    await notices.tell(tx, [_notice(row, billers[row.biller], at) for row in worth_telling])


def _is_news(before: PaymentState, after: PaymentState) -> bool:
    return after is not PaymentState.SENT and (before, after) != (PaymentState.SENT, PaymentState.PAID)


_NEWS_ZH = {
    PaymentState.UNKNOWN: "{name}尚未答复您的缴费（{yuan}元）。款项已单独保管，我们会继续查询并告知结果。",
    PaymentState.PAID: "{name}已确认收到您的缴费（{yuan}元）。",
    PaymentState.REJECTED: "{name}未受理您的缴费，{yuan}元已退回您的余额。",
    PaymentState.REFUNDED: "{name}未收到您的缴费，{yuan}元已退回您的余额。",
    PaymentState.LATE_SUCCESS: "退款之后，{name}确认账单已由您的缴费（{yuan}元）缴清。该笔退款需要您补还。",
}
_NEWS_EN = {
    PaymentState.UNKNOWN: "{name} has not answered your payment of {yuan} yuan yet. It is set aside; we keep asking and will tell you.",
    PaymentState.PAID: "{name} has confirmed your payment of {yuan} yuan.",
    PaymentState.REJECTED: "{name} did not take your payment; {yuan} yuan are back in your balance.",
    PaymentState.REFUNDED: "{name} did not get your payment; {yuan} yuan are back in your balance.",
    PaymentState.LATE_SUCCESS: "After your refund {name} found your payment of {yuan} yuan: the bill is paid, and you owe us the refund.",
}


def _notice(row: PaymentRow, biller: BillerRow, at: Moment) -> Notice:
    yuan = format_minor(row.total)
    zh = _NEWS_ZH[row.state].format(name=biller.biller.name, yuan=yuan)
    en = _NEWS_EN[row.state].format(name=biller.name_en, yuan=yuan)
    return Notice(row.book, derived(row.id, f"notice:{row.state}"), row.person, at.now, zh, en, NoticeKind.BILL, f"bill/{row.id}")

"""Bills and card repayments that are paid when they are due, without being asked each time.

Once a day the worker asks the biller what the account owes; what is owed and within what the customer agreed to is paid as by hand: by the
wallet, and by the fund for what the wallet lacks (`bills`). A biller that does not answer is asked again later the same day, after all
that were asked less often, so that it keeps nobody else waiting. What is done has keys that follow from agreement and day, so that a day is
looked after once, whoever looks.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from tapwealth.bills import store
from tapwealth.bills.autopay import Autopay, AutopayRefusal, AutopayRun, AutopayState, Look, within
from tapwealth.bills.store import BillerRow
from tapwealth.customers import notices
from tapwealth.customers import store as customers
from tapwealth.customers.notices import Notice
from tapwealth.flows.bills import paying as bills
from tapwealth.flows.bills.paying import BillsPresented, InquireBill, PayBill, Placing, PresentedBill
from tapwealth.flows.customers.people import own_key, who
from tapwealth.flows.frame import Caller, Envelope, House, Moment, moment, once
from tapwealth.flows.funds.fund_pockets import POCKET
from tapwealth.funds import store as funds
from tapwealth.kernel.clock import business_date_of, shanghai
from tapwealth.kernel.money import checked, format_minor
from tapwealth.kernel.refusal import Outage, Refusal
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.database import Tx

FROM_HOUR = 10
"""Of the Shanghai day: from then on bills are looked for."""
AT_ONCE = 32
_PLACE = b"autopay"


class AgreeAutopay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What this account owes to the biller is paid when it is due, each bill up to `most` fen; by the fund with that code, or
    by the `pocket`'s in their order, what the wallet does not hold."""

    biller: str
    account_number: str
    most: int
    fund: str = ""


class EndAutopay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No further bill is paid by it; what is on its way goes on."""

    autopay: UUID


class AutopayView(msgspec.Struct, frozen=True):
    """`account` is masked. `last_day` is the newest on which it was looked after, and how that ended; null before the first."""

    autopay: str
    biller: str
    biller_en: str
    account: str
    most: int
    fund: str
    state: str
    state_zh: str
    state_en: str
    last_day: date | None = None
    last_paid: int = 0
    last_zh: str = ""
    last_en: str = ""
    reason: str = ""


_STATES = {AutopayState.ACTIVE: ("已生效", "in force"), AutopayState.ENDED: ("已终止", "ended")}
_RUNS = {
    AutopayRun.NOTHING: ("没有欠费", "nothing owed"),
    AutopayRun.PLACED: ("已缴费", "paid"),
    AutopayRun.REFUSED: ("未缴费", "not paid"),
}


async def agree(house: House, envelope: Envelope, command: AgreeAutopay) -> AutopayView | Refusal:
    """In force at once."""
    checked(command.most, where="most")
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> AutopayView | Refusal:
        known = {row.biller.code: row for row in (await store.billers(tx)).values()}
        biller = known.get(command.biller)
        if biller is None:
            text = f"there is no biller {command.biller[:20]!r}; choose one of {', '.join(known) or 'none yet'}"
            return Refusal(AutopayRefusal.UNKNOWN_BILLER, text)
        if command.fund not in ("", POCKET) and command.fund not in await funds.funds(tx):
            return Refusal(AutopayRefusal.UNKNOWN_FUND, "this fund is not sold here; look at the shelf for those that are")
        account = biller.biller.items[0].account_number.read(command.account_number)
        row = (await customers.persons(tx, [(book, person)]))[person]
        identifier = own_key(envelope, "autopay", row)
        made = Autopay(
            book, identifier, person, biller.id, house.keys.seal("people", account.encode(), _PLACE + identifier.bytes),
            house.keys.lookup_hash("autopay", account), f"{'*' * (len(account) - 4)}{account[-4:]}", command.most, command.fund,
            AutopayState.ACTIVE, at.now,
        )  # fmt: skip
        if any(_same(one, made) for one in await store.autopays_of(tx, book, person)):
            return Refusal(AutopayRefusal.AUTOPAY_STANDS, "this account's bills are paid by themselves already; end that first")
        await store.add_autopay(tx, made)
        return _view(made, biller, None)

    return await once(house, [book], envelope, command, act, AutopayView)


def _same(one: Autopay, other: Autopay) -> bool:
    return one.state is AutopayState.ACTIVE and (one.biller, one.lookup) == (other.biller, other.lookup)


async def end(house: House, envelope: Envelope, command: EndAutopay) -> AutopayView | Refusal:
    """From now on nothing is paid by it."""
    book, person = who(envelope)

    async def act(tx: Tx, _at: Moment, _actor: int) -> AutopayView | Refusal:
        standing = {one.id: one for one in await store.autopays_of(tx, book, person) if one.state is AutopayState.ACTIVE}
        found = standing.get(command.autopay)
        if found is None:
            return Refusal(AutopayRefusal.UNKNOWN_AUTOPAY, "no such agreement of yours stands; /view/autopays lists them")
        await store.end_autopay(tx, (book, found.id))
        return _view(replace(found, state=AutopayState.ENDED), (await store.billers(tx))[found.biller], None)

    return await once(house, [book], envelope, command, act, AutopayView)


async def run_due(house: House) -> list[str]:
    """Look after what has not been looked after today. Returns how each ended; whose biller is silent is left for the next look."""
    async with house.database.read() as tx:
        now = (await moment(tx)).now
        day = business_date_of(now)
        due = await store.autopays_due(tx, day, AT_ONCE) if now >= shanghai(day, FROM_HOUR) else []
        billers = await store.billers(tx) if due else {}
    ended = await asyncio.gather(*(_look(house, day, one, billers[one.biller]) for one in due))
    return [one.state.value for one in ended if one is not None]


async def _look(house: House, day: date, one: Autopay, biller: BillerRow) -> Look | None:
    """Ask the biller, then pay; None where it does not answer, or another worker was first."""
    account = house.keys.open_sealed("people", one.sealed, _PLACE + one.id.bytes).decode()
    caller = Caller(ActorKind.PLATFORM, "autopay", "agreement", one.person, one.book)
    at = shanghai(day, FROM_HOUR)
    try:
        shown = await bills.inquire_bill(house, Envelope(one.key(day, "inquire"), caller, at), InquireBill(biller.biller.code, account))
    except Outage:
        async with house.database.transaction() as tx:
            await store.note_silence(tx, (one.book, one.id), day)
        return None
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [one.book])
        now = await moment(tx)
        standing = {found.id: found.state for found in await store.autopays_of(tx, one.book, one.person)}
        if standing[one.id] is not AutopayState.ACTIVE:
            return None  # its customer has ended it while the biller was asked
        found = await _pay(house, tx, now, day, one, caller, shown)
        if not await store.add_look(tx, found):
            return None
        await notices.tell(tx, [told for told in [_notice(one, biller, found)] if told])
    return found


async def _pay(house: House, tx: Tx, at: Moment, day: date, one: Autopay, caller: Caller, shown: BillsPresented | Refusal) -> Look:
    """What is within the agreement is paid; the rest is said."""
    if isinstance(shown, Refusal):
        return Look(one.book, one.id, day, 0, AutopayRun.REFUSED, shown.text, at.now)
    may, too_great = within([bill.balance for bill in shown.bills], one.most)
    chosen: list[PresentedBill] = [shown.bills[place] for place in may]
    placings = [
        Placing(Envelope(one.key(day, bill.bill), caller, at.now), PayBill(UUID(bill.bill), bill.balance, one.fund)) for bill in chosen
    ]
    answers: Sequence[Any] = await bills.pay(house, tx, placings) if placings else []
    paid = sum(bill.balance for bill, answer in zip(chosen, answers, strict=True) if not isinstance(answer, Refusal))
    why = [answer.text for answer in answers if isinstance(answer, Refusal)]
    why += [f"{format_minor(shown.bills[place].balance)} yuan is more than you agreed to; pay it by hand" for place in too_great]
    state = AutopayRun.REFUSED if why else AutopayRun.PLACED if paid else AutopayRun.NOTHING
    return Look(one.book, one.id, day, paid, state, "; ".join(why), at.now)


def _notice(one: Autopay, biller: BillerRow, look: Look) -> Notice | None:
    yuan = format_minor(look.paid)
    match look.state:
        case AutopayRun.NOTHING:
            return None
        case AutopayRun.PLACED:
            zh = f"已按约定为您向{biller.biller.name}缴费 {yuan} 元。"
            en = f"{yuan} yuan were paid to {biller.name_en}, as agreed."
        case AutopayRun.REFUSED:
            zh = f"{biller.biller.name}的账单未能全部自动缴费（已缴 {yuan} 元），请在手机上查看并缴费。"
            en = f"Not all bills of {biller.name_en} could be paid by themselves ({yuan} yuan were): {look.reason}."
    return Notice(one.book, one.key(look.day, "told"), one.person, look.at, zh, en)


async def held(tx: Any, book: int, person: UUID) -> list[AutopayView]:
    """A person's agreements, oldest first, those that are over as well, each with its newest look."""
    billers, looks = await store.billers(tx), await store.newest_looks(tx, book, person)
    return [_view(one, billers[one.biller], looks.get(one.id)) for one in await store.autopays_of(tx, book, person)]


def _view(one: Autopay, biller: BillerRow, look: Look | None) -> AutopayView:
    view = AutopayView(
        str(one.id), biller.biller.name, biller.name_en, one.shown_account, one.most, one.fund, one.state.value, *_STATES[one.state]
    )
    if look is None:
        return view
    zh, en = _RUNS[look.state]
    return msgspec.structs.replace(view, last_day=look.day, last_paid=look.paid, last_zh=zh, last_en=en, reason=look.reason)

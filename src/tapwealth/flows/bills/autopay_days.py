"""What is done each day for bills that are paid by themselves.

Once a day, from ten o'clock or when the biller opens, the worker asks the biller what the account owes. Its customer is told of a bill a
day ahead, with the amount; on its day it is paid as by hand: by the wallet, and by the fund for what the wallet lacks (`paying`). A biller
that does not answer is asked again later the same day, after all that were asked less often, so that it keeps nobody else waiting. What is
done has keys that follow from agreement and day, so that a day is looked after once, whoever looks.
"""

import asyncio
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import structlog

from tapwealth.bills import autopay_store as store
from tapwealth.bills.autopay import Attempt, Autopay, AutopayRun, AutopayState, BillState, DueBill, Look, Owed, Step, next_step, refused
from tapwealth.bills.autopay_store import Debit
from tapwealth.bills.biller import BillerItem
from tapwealth.bills.pay import PayRefusal
from tapwealth.bills.schedule import pause_after
from tapwealth.bills.store import BillerRow, billers, bills, live_payments
from tapwealth.flows.bills import autopay_cards, paying
from tapwealth.flows.bills.autopay import inputs_of
from tapwealth.flows.bills.autopay_notices import tell
from tapwealth.flows.bills.paying import BillPaymentPlaced, BillsPresented, InquireBill, PayBill, Placing
from tapwealth.flows.frame import Caller, Envelope, House, Moment, moment
from tapwealth.kernel.clock import business_date_of, machine_now, shanghai
from tapwealth.kernel.ids import named
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import Outage, Refusal
from tapwealth.notices.notice import Notice, NoticeKind
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.database import Tx

FROM_HOUR = 10
"""Of the Shanghai day: from then on bills are looked for; at a biller that is closed then, from when it opens."""
AT_ONCE = 32
HEARD_OF = 10_000
"""Bills that wait for their banks, of which it is looked at once whether these have answered."""
_DAY = timedelta(days=1)
log = structlog.get_logger(__name__)


class Done(NamedTuple):
    """What a day's look does with a bill: how it stood when it was looked at, and then."""

    owed: Owed
    row: DueBill
    step: Step


async def run_due(house: House) -> list[str]:
    """Look after what has not been looked after today. Returns how each ended; whose biller is silent is left for the next look."""
    async with house.database.read() as tx:
        now = (await moment(tx)).now
        day = business_date_of(now)
        known = await billers(tx)
        awake = [(row.id, item.code) for row in known.values() for item in row.biller.items if _is_time(item, now, day)]
        due = await store.autopays_due(tx, day, awake, AT_ONCE) if awake else []
        rows = await store.collecting(tx, shanghai(day), machine_now(), HEARD_OF)
        said = await autopay_cards.collected(tx, rows)
        answered = [row for row in rows if said[row.bill][0] != _WAITS][:AT_ONCE]
    went_on = await asyncio.gather(*(_went_on(house, day, row, known) for row in answered))
    ended = await asyncio.gather(*(_looked_in_order(house, day, mine, known) for mine in _by_person(due)))
    return [one.value for one in went_on if one is not None] + [one.state.value for of in ended for one in of if one is not None]


_WAITS = "instructed"


async def _went_on(house: House, day: date, row: DueBill, known: Mapping[UUID, BillerRow]) -> BillState | None:
    """A fault with one bill is nobody else's: it is looked at again later and later, after all others."""
    try:
        return await _go_on(house, day, row, known)
    except Exception:
        log.exception("autopay fault", bill=str(row.bill), faults=row.faults + 1)
    async with house.database.transaction() as tx:
        await store.note_fault(tx, row, machine_now() + pause_after(row.faults + 1))
    return None


def _by_person(due: Sequence[Autopay]) -> list[list[Autopay]]:
    found: dict[UUID, list[Autopay]] = {}
    for one in due:
        found.setdefault(one.person, []).append(one)
    return list(found.values())


async def _looked_in_order(house: House, day: date, mine: Sequence[Autopay], known: Mapping[UUID, BillerRow]) -> list[Look | None]:
    """One person's. The billers are asked all at once; what wallet, fund and card pay does not hang on which of them answers first."""
    said = await asyncio.gather(*(_ask(house, day, one, known[one.biller]) for one in mine), return_exceptions=True)
    return [await _looked(house, day, one, known[one.biller], shown) for one, shown in zip(mine, said, strict=True)]


async def _ask(house: House, day: date, one: Autopay, biller: BillerRow) -> BillsPresented | Refusal:
    """What is owed now, each time. Raises Outage where the biller does not answer."""
    caller = Caller(ActorKind.PLATFORM, "autopay", "agreement", one.person, one.book)
    asked = Envelope(house.new_id(shanghai(day, FROM_HOUR), one.book), caller, shanghai(day, FROM_HOUR))
    account, further = inputs_of(house, one)
    return await paying.inquire_bill(house, asked, InquireBill(biller.biller.code, account, one.item, dict(further)))


async def _looked(house: House, day: date, one: Autopay, biller: BillerRow, shown: BillsPresented | Refusal | BaseException) -> Look | None:
    """A day's look; one that came to no end, by the biller's silence or a fault with this agreement, is made again after the others'."""
    try:
        if isinstance(shown, BaseException):
            raise shown
        return await _look(house, day, one, biller, shown)
    except Outage:
        pass
    except Exception:
        log.exception("autopay fault", autopay=str(one.id))
    async with house.database.transaction() as tx:
        await store.note_silence(tx, (one.book, one.id), day)
    return None


def _is_time(item: BillerItem, now: datetime, day: date) -> bool:
    ten = shanghai(day, FROM_HOUR)
    return item.hours.cover(now) and (now >= ten or not item.hours.cover(ten))


async def _look(house: House, day: date, one: Autopay, biller: BillerRow, shown: BillsPresented | Refusal) -> Look | None:
    """Do what is due by what the biller said; None where another worker was first."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [one.book])
        at = await moment(tx)
        standing = {found.id: found.state for found in await store.autopays_of(tx, one.book, one.person)}
        if standing[one.id] is not AutopayState.ACTIVE or await store.looked_after(tx, (one.book, one.id), day):
            return None  # its customer has ended it while the biller was asked, or another worker was first
        if isinstance(shown, Refusal):
            look = Look(one.book, one.id, day, 0, AutopayRun.REFUSED, shown.text, at.now)
        else:
            look = await _look_after(house, tx, at, day, one, biller, shown)
        await store.add_look(tx, look)
    return look


async def _go_on(house: House, day: date, row: DueBill, known: Mapping[UUID, BillerRow]) -> BillState | None:
    """Pay what the bank has just collected for; what it told on a later day waits for that day's look. Whose bill was ended meanwhile
    keeps the money in the wallet."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [row.book])
        at = await moment(tx)
        one = (await store.autopays(tx, [(row.book, row.autopay)]))[row.autopay]
        bill = (await bills(tx, [(row.book, row.bill)]))[row.book, row.bill]
        now = (await store.bills_under(tx, (row.book, row.autopay), [row.bill])).get(row.bill)
        ended = one.state is not AutopayState.ACTIVE
        if now is None or now.state is not BillState.COLLECTING or (business_date_of(bill.presented_at) != day and not ended):
            return None
        live = await live_payments(tx, [(row.book, row.bill)])
        owed = Owed(row.bill, bill.amount, bill.balance, bill.due_on, bool(live))
        if ended:
            done = [Done(owed, replace(now, state=BillState.OVER), Step.WAIT)]
        else:
            heard = _heard(now, await autopay_cards.collected(tx, [now]), day)
            done = [Done(owed, *next_step(_with_fee(one, known[one.biller]), heard, owed, day))]
            done = await _pay(house, tx, at, day, one, done, again=True) if heard.tries == now.tries else [Done(owed, heard, Step.PAY)]
        await store.save_bills(tx, [of.row for of in done])
        await tell(tx, at, [(one.id, _notice(one, known[one.biller], of, day, at.now)) for of in done if of.step is not Step.WAIT])
    return done[0].row.state


def _heard(row: DueBill, said: Mapping[UUID, tuple[str, str]], day: date) -> DueBill:
    """A bill for which the bank was to collect: it can be paid now, is tried again, or still waits."""
    if row.state is not BillState.COLLECTING:
        return row
    state, reason = said[row.bill]
    if state == _WAITS:
        return row
    if state == "executed":
        return replace(row, state=BillState.TOLD, pay_on=day)
    return refused(row, f"the bank did not collect it ({reason or 'no reason given'})", day)


async def _look_after(house: House, tx: Tx, at: Moment, day: date, one: Autopay, biller: BillerRow, shown: BillsPresented) -> Look:
    """Each bill a step further; its customer is told."""
    keys = [(one.book, UUID(bill.bill)) for bill in shown.bills]
    live = await live_payments(tx, keys)
    owed = [Owed(key[1], bill.amount, bill.balance, bill.due_on, key in live) for key, bill in zip(keys, shown.bills, strict=True)]
    before = await store.bills_under(tx, (one.book, one.id), [of.bill for of in owed])
    said = await autopay_cards.collected(tx, [row for row in before.values() if row.state is BillState.COLLECTING])
    heard = {bill: _heard(row, said, day - _DAY) for bill, row in before.items()}  # what a bank said after the last look
    given_up = {bill for bill, row in heard.items() if row.state is BillState.LEFT and before[bill].state is not BillState.LEFT}
    within = _with_fee(one, biller)
    steps = [_stepped(Done(of, *next_step(within, heard.get(of.bill), of, day)), given_up) for of in owed]
    done = await _pay(house, tx, at, day, one, steps)
    there = {of.bill for of in owed}
    over = [replace(row, state=BillState.OVER) for row in before.values() if row.bill not in there]
    await store.save_bills(tx, [of.row for of in done] + over)
    await tell(tx, at, [(one.id, _notice(one, biller, of, day, at.now)) for of in done if of.step is not Step.WAIT])
    return _ended(one, day, done, at)


def _with_fee(one: Autopay, biller: BillerRow) -> Autopay:
    """The agreement as a bill is held against it: what is paid on top counts as well."""
    item = biller.biller.item(one.item)
    return replace(one, most=one.most - item.payer_fee) if item else one


def _stepped(done: Done, given_up: Set[UUID]) -> Done:
    """What the bank's word has left to the hand is told like what a look leaves."""
    return done._replace(step=Step.LEAVE) if done.row.state is BillState.LEFT and done.owed.bill in given_up else done


async def _pay(house: House, tx: Tx, at: Moment, day: date, one: Autopay, steps: Sequence[Done], *, again: bool = False) -> list[Done]:
    """Pay those whose day it is, the one due first first; for the first that lacks money its bank is asked, if that is agreed; one that is
    refused is tried again, or left. `again`: after the bank has collected."""
    turn = " collected" if again else ""
    caller = Caller(ActorKind.PLATFORM, "autopay", "agreement", one.person, one.book)
    due = sorted((of for of in steps if of.step is Step.PAY), key=lambda of: (of.owed.due_on or day, of.row.bill))
    placings = [
        Placing(Envelope(one.key(day, f"{of.row.bill}{turn}"), caller, at.now), PayBill(of.row.bill, of.owed.balance, one.fund))
        for of in due
    ]
    answers: Sequence[Any] = await paying.pay(house, tx, placings) if placings else []
    said = {of.row.bill: answer for of, answer in zip(due, answers, strict=True)}
    lacking = [placing for placing, answer in zip(placings, answers, strict=True) if _lacks_money(answer)]
    debit = None
    if lacking and one.card and not again:
        missing = await paying.missing(house, tx, at, lacking[0])
        row = next(of.row for of in due if of.row.bill == lacking[0].command.bill)
        debit = await autopay_cards.collect(house, tx, at, day, one, row, missing)
    done = [_answered(of, said.get(of.row.bill), debit, day) for of in steps]
    await store.add_attempts(tx, [_attempt(one, day, at, of, said[of.row.bill], debit) for of in done if _tried(of, said, debit)])
    return done


def _answered(of: Done, answer: Any, debit: Debit | None, day: date) -> Done:
    if debit and of.row.bill == debit.bill:
        return Done(of.owed, replace(of.row, state=BillState.COLLECTING), Step.PAY)
    if debit and _lacks_money(answer):
        return _behind(of, day)
    return _refused(of, answer, day) if isinstance(answer, Refusal) else of


def _tried(of: Done, said: Mapping[UUID, Any], debit: Debit | None) -> bool:
    """What waits behind another bill's debit was not tried."""
    bill = of.row.bill
    return bill in said and not (debit and bill != debit.bill and _lacks_money(said[bill]))


def _attempt(one: Autopay, day: date, at: Moment, of: Done, answer: Any, debit: Debit | None) -> Attempt:
    bill = of.row.bill
    payment = UUID(answer.payment) if isinstance(answer, BillPaymentPlaced) else None
    by_card = debit if debit and debit.bill == bill else None
    identifier = named(at.now, one.book, f"attempt {one.id} {bill} {day} {payment}")
    reason = "" if payment or by_card else of.row.reason
    amount = by_card.amount if by_card else of.owed.balance
    return Attempt(one.book, identifier, one.id, bill, day, at.now, amount, payment, by_card.name if by_card else None, reason)


def _lacks_money(answer: Any) -> bool:
    return isinstance(answer, Refusal) and answer.code is PayRefusal.NO_MONEY


def _behind(of: Done, day: date) -> Done:
    """The card pays one bill a morning: that is no try of the others."""
    why = "the card pays another bill this morning"
    return Done(of.owed, replace(of.row, state=BillState.TOLD, pay_on=day + _DAY, reason=why), Step.PAY)


def _refused(of: Done, why: Refusal, day: date) -> Done:
    return Done(of.owed, refused(replace(of.row, state=BillState.TOLD), why.text, day), Step.PAY)


def _ended(one: Autopay, day: date, done: Sequence[Done], at: Moment) -> Look:
    paid = sum(of.owed.balance for of in done if of.step is Step.PAY and of.row.state is BillState.PLACED)
    collecting = any(of.row.state is BillState.COLLECTING for of in done)
    failed = [of for of in done if of.row.state in (BillState.TOLD, BillState.LEFT) and of.step in (Step.PAY, Step.LEAVE)]
    why = [_why(one, of) for of in failed]
    told = any(of.step is Step.TELL for of in done)
    kinds = (
        (why, AutopayRun.REFUSED), (collecting, AutopayRun.COLLECTING), (paid, AutopayRun.PLACED), (told, AutopayRun.TOLD)
    )  # fmt: skip
    state = next((state for there, state in kinds if there), AutopayRun.NOTHING)
    return Look(one.book, one.id, day, paid, state, "; ".join(why), at.now)


def _why(one: Autopay, of: Done) -> str:
    return of.row.reason or f"{format_minor(of.owed.balance)} yuan is more than you agreed to; pay it by hand"


def _notice(one: Autopay, biller: BillerRow, of: Done, day: date, now: datetime) -> Notice:
    zh, en = _words(one, of)
    name = {"zh": biller.biller.name, "en": biller.name_en}
    key = one.key(day, f"told {of.row.bill} {of.row.state}")
    return Notice(one.book, key, one.person, now, f"{name['zh']}{zh}", f"{name['en']}: {en}", NoticeKind.BILL, "autopays")


def _words(one: Autopay, of: Done) -> tuple[str, str]:
    """What its customer is told of a bill, after the biller's name."""
    yuan, most = format_minor(of.owed.balance), format_minor(one.most)
    due = of.owed.due_on
    by_zh, by_en = (f"（{due:%m-%d} 前缴清不产生违约金）", f" (no penalty until {due})") if due else ("", "")
    match of.step, of.row.state:
        case Step.TELL, _:
            return (
                f"账单 {yuan} 元将于 {of.row.pay_on:%m-%d} 自动缴费，请备足资金。如不需要，请在此之前终止约定。",
                f"a bill of {yuan} yuan will be paid on {of.row.pay_on}, as agreed. End the agreement before then if you do not want it.",
            )
        case Step.PAY, BillState.PLACED:
            return f"账单 {yuan} 元已按约定自动缴费。", f"the bill of {yuan} yuan was paid, as agreed."
        case Step.PAY, BillState.COLLECTING:
            return (
                f"账单 {yuan} 元：余额和基金不足，不足部分正从您的银行卡扣款，到账后即缴费。",
                f"for the bill of {yuan} yuan your bank card pays what wallet and fund lack; the bill is paid when that has come.",
            )
        case Step.PAY, BillState.TOLD:
            return (
                f"账单 {yuan} 元今日未能自动缴费，将于明早再试，请备足资金{by_zh}。",
                f"the bill of {yuan} yuan could not be paid today; we try again tomorrow morning{by_en}. {of.row.reason}.",
            )
        case Step.LEAVE, _ if not of.row.reason:
            return (
                f"账单 {yuan} 元超过您约定的每笔上限 {most} 元，未自动缴费，请自行缴费{by_zh}。",
                f"a bill of {yuan} yuan is more than the {most} that you agreed to; pay it by hand{by_en}.",
            )
        case Step.REMIND, _:
            return f"账单 {yuan} 元尚未缴清，请于 {due:%m-%d} 前自行缴费。", f"{yuan} yuan are still owed; pay them by hand by {due}."
        case _:
            return (
                f"账单 {yuan} 元未能自动缴费，请自行缴费{by_zh}。",
                f"the bill of {yuan} yuan could not be paid by itself; pay it by hand{by_en}. {of.row.reason}.",
            )

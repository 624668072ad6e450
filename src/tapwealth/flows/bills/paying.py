"""Bills: asking a biller what an account owes, and paying. Billers come from the catalogue (`biller_service`).

Paying is a hot flow over a list of commands, in the writer's transaction: the money goes into suspense, and the payment is due to be sent
(`bill_lanes`). What comes of it stands in `bill_outcomes`, the day's end with the billers in `billers`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import Enum, auto
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

import msgspec

from tapwealth.bills import entries, store
from tapwealth.bills.bill import ALL_BILLS, NO_BILL, Bill
from tapwealth.bills.biller import AmountMode, BillerItem, Inputs, Inquired, Inquiry, InquiryState, Unknown, trusted
from tapwealth.bills.pay import PayFacts, PayRefusal, decide
from tapwealth.bills.payment import PaymentState
from tapwealth.bills.store import BillerRow, BillRow, Key, PaymentRow
from tapwealth.compliance import store as compliance
from tapwealth.compliance.limits import Used
from tapwealth.customers import store as customers
from tapwealth.customers.store import PersonRow
from tapwealth.flows.bank.payments import end_to_end
from tapwealth.flows.bills.bill_lanes import deliver, handed_over
from tapwealth.flows.bills.bill_outcomes import money_of
from tapwealth.flows.bills.bill_sealing import seal_bill
from tapwealth.flows.bills.biller_settlement import settle_billers
from tapwealth.flows.bills.billers import compare_billers
from tapwealth.flows.bills.errand import Errand
from tapwealth.flows.customers.people import own_key
from tapwealth.flows.frame import Envelope, House, Moment, actor_numbers, barred, content_hash, each_once, moment, once, post
from tapwealth.flows.funds import fund_pockets
from tapwealth.flows.funds.fund_pockets import Pockets
from tapwealth.kernel.clock import machine_now
from tapwealth.kernel.ids import derived, named
from tapwealth.kernel.money import Asset, checked
from tapwealth.kernel.parts import Parts, pack, total
from tapwealth.kernel.refusal import Outage, Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.database import Tx

__all__ = [
    "STATE_WORDS", "BillPaymentPlaced", "BillsPresented", "InquireBill", "PayAccount", "PayBill", "Placing", "PresentedBill", "carrier_of",
    "check", "compare_billers", "deliver", "inquire_bill", "item_of", "over", "pay", "pay_account", "settle_billers",
]  # fmt: skip


class BillsRefusal(Enum):
    """Why an inquiry finds nothing."""

    UNKNOWN_BILLER = auto()
    UNKNOWN_ITEM = auto()
    BILLER_CLOSED = auto()
    INQUIRY_REQUIRED = auto()
    OTHER_CARRIER = auto()
    NOT_BILLED = auto()
    UNKNOWN_NUMBER = auto()


class InquireBill(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What does this account owe to the biller with that code? `item`: what is paid there, unless there is one thing only; `fields`: by
    name what the item asks for besides the account's number."""

    biller: str
    account_number: str
    item: str = ""
    fields: dict[str, str] = {}


class PresentedBill(msgspec.Struct, frozen=True):
    """`balance` fen pay the bill: amount and penalty. `due_on`: the last day without a penalty, where the biller names one."""

    bill: str
    number: str
    period: str
    amount: int
    penalty: int
    balance: int
    owner: str
    address: str
    due_on: date | None = None


class BillsPresented(msgspec.Struct, frozen=True):
    """The unpaid bills; none means that nothing is owed. `together`: all of them, where they may be paid in one sum. The payer pays `fee`
    fen on top of each payment."""

    bills: list[PresentedBill]
    together: PresentedBill | None = None
    fee: int = 0


class PayBill(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pay a bill that was presented to the caller, with so many fen as its item takes: as a rule its balance. What the wallet does not hold
    comes of the fund with the code `fund`, if one is named, or of the payer's funds in their order if it is `pocket`."""

    bill: UUID
    amount: int
    fund: str = ""


class PayAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pay an account without a bill: a top-up, or a repayment at will. `item` and `fields` as for an inquiry, `fund` as for a bill."""

    biller: str
    account_number: str
    amount: int
    item: str = ""
    fields: dict[str, str] = {}
    fund: str = ""


class BillPaymentPlaced(msgspec.Struct, frozen=True):
    """The money is set aside, `fee` fen of it besides the `amount`; the outcome comes later."""

    payment: str
    amount: int
    state: str
    fee: int = 0


class Placing(NamedTuple):
    """One command of the batch. `unasked`: what it pays, where that was not presented by the biller, or why that is not paid."""

    envelope: Envelope
    command: PayBill
    unasked: BillRow | Refusal | None = None


async def inquire_bill(house: House, envelope: Envelope, command: InquireBill) -> BillsPresented | Refusal:
    """Ask the biller, unless who asks may not act for this person, then keep what it presents to them. Raises Outage when the biller does
    not answer."""
    async with house.database.read() as tx:
        if (refusal := await barred(tx, envelope.caller)) is not None:
            return refusal
        known = {row.biller.code: row for row in (await store.billers(tx)).values()}
        book, person = _who(envelope)
        asker = (await customers.persons(tx, [(book, person)]))[person]
    found = item_of(known, command.biller, command.item)
    if isinstance(found, Refusal):
        return found
    row, item = found
    biller = row.biller
    if _agreed(envelope):  # what was agreed to is asked for as it was, whatever a later version of the biller wants filled in
        account, further = Inputs(command.account_number, command.fields)
    else:
        if (closed := over(row, item, envelope.received_at)) is not None:
            return closed
        account, further = item.read(command.account_number, command.fields)
    serial = end_to_end("INQ", own_key(envelope, "inquire_bill", asker))
    said = await house.rails.billers.at(biller.connection).inquire(serial, account, further)
    answer = said if isinstance(said, Unknown) else trusted(said, account)
    if isinstance(answer, Unknown):
        what = "gives no answer that can be used" if answer.there else "does not answer"
        raise Outage(f"{biller.name} {what} ({answer.why}); ask again in a moment")

    async def act(tx: Tx, at: Moment, _actor: int) -> BillsPresented | Refusal:
        if answer.state is InquiryState.UNKNOWN_ACCOUNT:
            return Refusal(BillsRefusal.UNKNOWN_NUMBER, f"{biller.name} does not know this account number; check it on a bill")
        return await _present(house, tx, at, envelope, Asked(row.id, item, further), answer)

    return await once(house, [envelope.caller.book], envelope, command, act, BillsPresented)


def item_of(known: Mapping[str, BillerRow], biller: str, item: str) -> tuple[BillerRow, BillerItem] | Refusal:
    """What is to be paid, by the codes of biller and item; an item may go without where there is one only."""
    if biller not in known:
        text = f"there is no biller {biller[:20]!r}; choose one of {', '.join(known) or 'none yet'}"
        return Refusal(BillsRefusal.UNKNOWN_BILLER, text)
    found = known[biller].biller.item(item)
    if found is None:
        there = ", ".join(one.code for one in known[biller].biller.items if one.offered)
        what = f"has no item {item[:40]!r}" if item else "takes payments for several things"
        return Refusal(BillsRefusal.UNKNOWN_ITEM, f"{known[biller].biller.name} {what}; choose one of {there or 'none'}")
    return known[biller], found


def over(row: BillerRow, item: BillerItem, now: datetime) -> Refusal | None:
    """Why nobody begins to pay there."""
    if row.serves(now) and item.offered:
        return None
    return Refusal(BillsRefusal.BILLER_CLOSED, f"{row.biller.name} takes no new payments here; pay it another way")


def _agreed(envelope: Envelope) -> bool:
    """Whether it is done for somebody under what they agreed to before."""
    return envelope.caller.kind is ActorKind.PLATFORM


class Asked(NamedTuple):
    """What a biller was asked about, but for the account's number."""

    biller: UUID
    item: BillerItem
    further: Mapping[str, str]


async def _present(house: House, tx: Tx, at: Moment, envelope: Envelope, asked: Asked, answer: Inquired) -> BillsPresented:
    book, person = _who(envelope)
    payable = [bill for bill in answer.bills if bill.balance > 0]
    rows = [_bill_row(house, at, book, person, asked, bill) for bill in payable]
    together = _together(house, at, asked, rows, payable) if asked.item.amount.mode is AmountMode.ALL_ARREARS else None
    await store.present(tx, rows if together is None else [*rows, together[0]])
    return BillsPresented(
        [_presented(row, bill) for row, bill in zip(rows, payable, strict=True)],
        None if together is None else _presented(*together),
        asked.item.payer_fee,
    )


def _presented(row: BillRow, bill: Bill) -> PresentedBill:
    return PresentedBill(
        str(row.id), bill.bill_id, bill.period, bill.amount, bill.penalty, bill.balance, bill.owner, bill.address, bill.due_on
    )


def _together(house: House, at: Moment, asked: Asked, rows: Sequence[BillRow], bills: Sequence[Bill]) -> tuple[BillRow, Bill] | None:
    """All of an account's bills as one, if there are several; the same one as long as they are the same bills."""
    if len(bills) < 2:
        return None
    amount, penalty, balance = (sum(each) for each in zip(*((one.amount, one.penalty, one.balance) for one in bills), strict=True))
    first, due = bills[0], [one.due_on for one in bills if one.due_on]
    all_of = Bill(
        ALL_BILLS, first.account_number, f"{len(bills)}", amount, penalty, balance, first.owner, first.address, min(due, default=None)
    )
    numbers = sorted(one.bill_id for one in bills)
    identifier = derived(rows[0].person, f"bills:{asked.biller}:{json.dumps(numbers)}")
    row = _bill_row(house, at, rows[0].book, rows[0].person, asked, all_of)
    sealed = seal_bill(house, identifier.bytes, all_of, asked.further, numbers)
    return replace(row, id=identifier, sealed=sealed, covers=sorted(one.id for one in rows)), all_of


def _bill_row(house: House, at: Moment, book: int, person: UUID, asked: Asked, bill: Bill) -> BillRow:
    identifier = derived(person, f"bill:{asked.biller}:{bill.bill_id}")
    return BillRow(
        book=book,
        id=identifier,
        person=person,
        biller=asked.biller,
        bill_number=bill.bill_id,
        sealed=seal_bill(house, identifier.bytes, bill, asked.further),
        shown_account=masked(bill.account_number),
        period=bill.period,
        amount=bill.amount,
        penalty=bill.penalty,
        balance=bill.balance,
        presented_at=at.now,
        due_on=bill.due_on,
        item=asked.item.code,
    )


def masked(account_number: str) -> str:
    """All but its last four; of a short one, all but its last half."""
    hidden = max(len(account_number) - 4, (len(account_number) + 1) // 2)
    return "*" * hidden + account_number[hidden:]


async def pay_account(house: House, envelope: Envelope, command: PayAccount) -> BillPaymentPlaced | Refusal:
    """As a bill that the payer has made out."""
    checked(command.amount, where="amount")
    async with house.database.read() as tx:
        if (refusal := await barred(tx, envelope.caller)) is not None:
            return refusal
        known = {row.biller.code: row for row in (await store.billers(tx)).values()}
        book, person = _who(envelope)
        payer = (await customers.persons(tx, [(book, person)]))[person]
        at = await moment(tx)
    content = content_hash(house.keys, command, envelope.caller.who).hex()
    identifier = derived(own_key(envelope, "pay_account", payer), content)
    made = _made_out(house, at, envelope, identifier, known, command)
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [book])
        (answer,) = await pay(house, tx, [Placing(envelope, PayBill(identifier, command.amount, command.fund), made)])
    return answer


def _made_out(
    house: House, at: Moment, envelope: Envelope, identifier: UUID, known: Mapping[str, BillerRow], command: PayAccount
) -> BillRow | Refusal:
    found = item_of(known, command.biller, command.item)
    if isinstance(found, Refusal):
        return found
    row, item = found
    inputs = item.read(command.account_number, command.fields)
    if (refusal := over(row, item, envelope.received_at) or _unasked(known, row, item, inputs)) is not None:
        return refusal
    bill = Bill(NO_BILL, inputs.account_number, "", command.amount, 0, command.amount, "", "")
    made = _bill_row(house, at, *_who(envelope), Asked(row.id, item, inputs.further), bill)
    return replace(made, id=identifier, sealed=seal_bill(house, identifier.bytes, bill, inputs.further))


def _unasked(known: Mapping[str, BillerRow], row: BillerRow, item: BillerItem, inputs: Inputs) -> Refusal | None:
    """Why that account is not paid without a bill there."""
    if item.inquiry is Inquiry.REQUIRED:
        text = f"{row.biller.name} wants to be asked first what is owed; inquire, then pay the bill"
        return Refusal(BillsRefusal.INQUIRY_REQUIRED, text)
    right = carrier_of(known, inputs.account_number)
    if not item.prefixes or item.carries(inputs.account_number) >= (right[1].carries(inputs.account_number) if right else 1):
        return None
    whose = f"it is of {right[0].biller.name} ({right[0].biller.code})" if right else "no carrier here has it"
    return Refusal(BillsRefusal.OTHER_CARRIER, f"this number is not of {row.biller.name}: {whose}; choose that one")


def carrier_of(known: Mapping[str, BillerRow], number: str) -> tuple[BillerRow, BillerItem] | None:
    """Whose prefix is the longest with which the number begins, among what is offered."""
    items = [(row, item) for row in known.values() if not row.closed for item in row.biller.items if item.offered]
    found = max(items, key=lambda one: one[1].carries(number), default=None)
    return found if found and found[1].carries(number) else None


def check(command: PayBill) -> None:
    """Raises BadInput for an amount that nothing could carry."""
    checked(command.amount, where="amount")


async def pay(house: House, tx: Tx, commands: Sequence[Placing]) -> list[BillPaymentPlaced | Refusal]:
    """One answer per command, in order."""
    return await each_once(house, tx, commands, BillPaymentPlaced, lambda at, fresh: _place(house, tx, at, fresh))


async def missing(house: House, tx: Tx, at: Moment, one: Placing) -> int:
    """Fen that wallet and fund lack for a payment, under the lock of the book."""
    facts = await _load(house, tx, at, [one])
    book, person = _who(one.envelope)
    from_fund = facts.pockets.left(book, person, one.command.fund) if one.command.fund else 0
    bill = facts.bills.get((book, one.command.bill))
    fee = _fee(facts, bill) if bill else 0
    return max(one.command.amount + fee - max(facts.available[person], 0) - (from_fund or 0), 0)


def _fee(facts: "_Loaded", bill: BillRow) -> int:
    item = facts.billers[bill.biller].biller.item(bill.item)
    return item.payer_fee if item else 0


@dataclass
class _Loaded:
    """Facts of the whole batch; drawn down as the decisions fall."""

    bills: dict[Key, BillRow]
    live: dict[Key, PaymentState]
    billers: dict[UUID, BillerRow]
    persons: dict[UUID, PersonRow]
    used: Used
    available: dict[UUID, int]
    pockets: Pockets

    @cached_property
    def sums(self) -> list[BillRow]:
        """Those that pay several bills at once."""
        return [one for one in self.bills.values() if one.covers]


async def _place(house: House, tx: Tx, at: Moment, fresh: Sequence[Placing]) -> list[BillPaymentPlaced | Refusal]:
    facts = await _load(house, tx, at, fresh)
    decided = [_decide(house, facts, at, one) for one in fresh]
    placed = [(one, row) for one, row in zip(fresh, decided, strict=True) if not isinstance(row, Refusal)]
    rows = [row for _, row in placed]
    actors = await actor_numbers(tx, [(row.book, one.envelope.caller) for one, row in placed])
    money = await money_of(house, tx, rows)
    made = [
        entries.held(one, row.business_date, actor, at.now) if row.fund_units else entries.debited(one, row.business_date, actor)
        for one, row, actor in zip(money, rows, actors, strict=True)
    ]
    answers = await post(house, tx, at, made)
    posted = [row for row, answer in zip(rows, answers, strict=True) if answer.posted]
    await _keep(house, tx, facts, posted, [one.unasked for one, row in placed if isinstance(one.unasked, BillRow) and row in posted])
    await compliance.add_usage(tx, [(row.book, row.person, row.business_date, row.total) for row in posted])
    results = iter(_answer(row, answer.posted) for row, answer in zip(rows, answers, strict=True))
    return [row if isinstance(row, Refusal) else next(results) for row in decided]


async def _keep(house: House, tx: Tx, facts: "_Loaded", posted: Sequence[PaymentRow], unasked: Sequence[BillRow]) -> None:
    """The payments, and what they do to their bills meanwhile."""
    if unasked:
        await store.present(tx, unasked)
    await store.add_payments(tx, handed_over(house, [_errand(facts, row) for row in posted]))
    if parts := [(row.book, row.bill, row.amount) for row in posted if row.part]:
        await store.note_parts(tx, parts)
    if sums := [facts.bills[row.book, row.bill] for row in posted if facts.bills[row.book, row.bill].covers]:
        await store.note_covered(tx, sums)


def _errand(facts: "_Loaded", row: PaymentRow) -> Errand:
    return Errand(row, facts.bills[row.book, row.bill], facts.billers[row.biller].biller.connection, row.next_at or row.received_at)


def _answer(row: PaymentRow, posted: bool) -> BillPaymentPlaced | Refusal:
    if not posted:
        return Refusal(PayRefusal.NO_MONEY, "the wallet does not hold that much; move money in first")
    return BillPaymentPlaced(str(row.id), row.amount, row.state.value, row.payer_fee)


async def _load(house: House, tx: Tx, at: Moment, fresh: Sequence[Placing]) -> _Loaded:
    people = sorted({_who(one.envelope) for one in fresh})
    keys = sorted({(one.envelope.caller.book, one.command.bill) for one in fresh})
    wallets = [NewAccount(book, Kind.WALLET, person, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS) for book, person in people]
    accounts = await house.ledger.open_accounts(tx, wallets)
    free = await house.ledger.free(tx, at.now, accounts)
    persons = await customers.persons(tx, people)
    named_funds = {(*_who(one.envelope), one.command.fund) for one in fresh if one.command.fund}
    days: dict[Key, set[date]] = {}
    for one in fresh:
        days.setdefault(_who(one.envelope), set()).add(at.date_of(one.envelope.received_at))
    return _Loaded(
        await store.bills(tx, keys)
        | {(one.unasked.book, one.unasked.id): one.unasked for one in fresh if isinstance(one.unasked, BillRow)},
        await store.live_payments(tx, keys),
        await store.billers(tx),
        persons,
        await compliance.usage(tx, [(row.book, row.id, row.kyc_level) for row in persons.values()], set().union(*days.values())),
        {person: free[account] for (_, person), account in zip(people, accounts, strict=True)},
        await fund_pockets.open_pockets(house, tx, at, sorted(named_funds), days),
    )


def _who(envelope: Envelope) -> tuple[int, UUID]:
    person = envelope.caller.person
    assert person is not None, "only a customer pays their bills"
    return envelope.caller.book, person


def _decide(house: House, facts: _Loaded, at: Moment, one: Placing) -> PaymentRow | Refusal:
    book, person = _who(one.envelope)
    if isinstance(one.unasked, Refusal):
        return one.unasked
    key, amount = (book, one.command.bill), one.command.amount
    bill = facts.bills.get(key)
    presented = bill is not None and bill.person == person
    day = at.date_of(one.envelope.received_at)
    biller = facts.billers[bill.biller] if bill and presented else None
    item = biller.biller.item(bill.item) if bill and biller else None
    known = PayFacts(
        bill=_shown(bill) if bill and presented else None,
        item=item,
        fee=item.payer_fee if item else 0,
        over=over(biller, item, one.envelope.received_at) if biller and item and not _agreed(one.envelope) else None,
        live=facts.live.get(key),
        above_limit=facts.used.above(house.rule_set, person, day, amount + (item.payer_fee if item else 0)),
        available=facts.available[person],
        from_fund=facts.pockets.left(book, person, one.command.fund) if one.command.fund else 0,
    )
    refusal = decide(known, amount, one.envelope.received_at)
    if refusal is not None:
        return refusal
    assert bill is not None
    assert biller is not None
    spent = amount + known.fee
    units = max(spent - max(facts.available[person], 0), 0)
    facts.available[person] -= spent - units
    parts = facts.pockets.take(book, person, one.command.fund, units)
    facts.used.add(person, day, spent)
    for identifier in (bill.id, *bill.covers, *(of.id for of in facts.sums if bill.id in of.covers)):
        facts.live[book, identifier] = PaymentState.PREPARED
    return _row(facts.persons[person], bill, biller, at, one, parts)._replace(payer_fee=known.fee)


def _shown(row: BillRow) -> Bill:
    return Bill(row.bill_number, row.shown_account, row.period, row.amount, row.penalty, row.balance, "", "", row.due_on)


def _row(person: PersonRow, bill: BillRow, biller: BillerRow, at: Moment, one: Placing, parts: Parts) -> PaymentRow:
    key, received_at = one.envelope.key, one.envelope.received_at
    return PaymentRow(
        book=person.book,
        id=named(received_at, person.book, f"pay_bill:{person.id}:{key}"),
        person=person.id,
        bill=bill.id,
        biller=bill.biller,
        serial=end_to_end("PAY", own_key(one.envelope, "pay_bill", person)),
        amount=one.command.amount,
        state=PaymentState.PREPARED,
        reason="",
        biller_reference="",
        business_date=at.date_of(received_at),
        received_at=received_at,
        next_at=machine_now(),
        owed=bill.balance,
        version=biller.version,
        kept=biller.biller.fee,
        part=one.command.amount < bill.balance,
        fund=one.command.fund if parts else "",
        fund_units=total(parts),
        fund_parts=pack(parts),
    )


STATE_WORDS: dict[PaymentState, tuple[str, str]] = {
    PaymentState.PREPARED: ("缴费处理中", "on its way to the biller"),
    PaymentState.SENT: ("缴费处理中", "with the biller"),
    PaymentState.UNKNOWN: ("结果待确认，款项已单独保管", "in doubt: the biller has not answered; the money is set aside"),
    PaymentState.PAID: ("已缴清", "paid"),
    PaymentState.REJECTED: ("缴费未受理，已退款", "not taken by the biller; refunded"),
    PaymentState.REFUNDED: ("缴费未成功，已退款", "did not go through; refunded"),
    PaymentState.LATE_SUCCESS: ("退款后确认已缴清，待补款", "paid after all; the refund is owed back"),
}
"""What a state means, for people: Chinese, English."""

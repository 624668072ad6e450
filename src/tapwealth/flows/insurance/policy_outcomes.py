"""What becomes of requests to the insurer: issue a policy, cancel one; and of the refund that comes back by the bank.

The worker calls `deliver` outside any transaction. The insurer tells repetitions by the serial, so that a request whose answer did not come
is simply sent again, until it is answered. What was answered is applied once, by the table in `insurance.policy`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import Any, assert_never
from uuid import UUID

from tapwealth.bank import entries as bank_entries
from tapwealth.bank import store as bank
from tapwealth.bank.entries import NUMBER_OF
from tapwealth.bank.store import BreakRow
from tapwealth.compliance import store as compliance
from tapwealth.flows.bank.receipts import Claim, Pushed
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, Moment, actor_numbers, moment, must_post
from tapwealth.flows.insurance.asking import ask_once
from tapwealth.flows.insurance.insured import cover_ended
from tapwealth.flows.insurance.policy_order import order_of
from tapwealth.flows.insurance.policy_product import products_of
from tapwealth.insurance import entries, policy_event_store, premium_store, store
from tapwealth.insurance.bordereau import BordereauEvent
from tapwealth.insurance.entries import Premium
from tapwealth.insurance.insurer import (
    Cancelled,
    CancelOrder,
    InsurerAnswer,
    Issued,
    Noted,
    NotReceived,
    PolicyOrder,
    Rejected,
    Unknown,
)
from tapwealth.insurance.looks import next_look
from tapwealth.insurance.policy import PolicyEvent, PolicyState, every_of, free_look_until, next_state
from tapwealth.insurance.policy_event_store import PolicyEventRow
from tapwealth.insurance.premium_store import Plan
from tapwealth.insurance.product import Product
from tapwealth.insurance.schedule import Schedule
from tapwealth.insurance.store import Key, PolicyRow
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.kernel.refusal import Outage, Refusal
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.notices import store as notices
from tapwealth.notices.notice import Notice, NoticeKind
from tapwealth.storage.database import Tx
from tapwealth.storage.outbox import OutboxMessage

INSURER = "insurer"
"""The outbox destination, and the source of the breaks found here."""
ISSUE, CANCEL = "issue", "cancel"


@dataclass(frozen=True, slots=True)
class Heard:
    """What the insurer said of a policy. `event` None: it does not cancel it. `word` is the policy's number, or a reason."""

    key: Key
    event: PolicyEvent | None
    word: str = ""


async def deliver(house: House, message: OutboxMessage) -> None:
    """Make one request. Raises Outage while the insurer's answer is not known."""
    key = (message.book, UUID(message.payload["policy"]))
    async with house.database.read() as tx:
        row = (await store.policies(tx, [key]))[key]
        order = await order_of(house, tx, row) if message.kind == ISSUE else None
        before = await _goes_on_from(tx, key)
    if order is not None and row.state is PolicyState.QUOTED:
        answer = await ask_once(house, message, order.serial, partial(_issue, house, order, before))
        await hear(house, [_heard(key, PolicyEvent.ISSUE, answer)])
    elif message.kind == CANCEL and row.cancel_serial == message.payload["serial"] and row.cancelled_on is None:
        serial: str = message.payload["serial"]
        answer = await ask_once(house, message, serial, partial(house.rails.insurer.cancel, _to_cancel(row, serial)))
        await hear(house, [_heard(key, PolicyEvent.CANCEL, answer)])


async def _issue(house: House, order: PolicyOrder, before: PolicyRow | None) -> InsurerAnswer:
    insurer = house.rails.insurer
    return await (insurer.issue(order) if before is None else insurer.renew(order, before.policy_number))


def _to_cancel(row: PolicyRow, serial: str) -> CancelOrder:
    assert row.cancel_asked_on is not None, "what is cancelled was asked"
    assert row.received_on is not None, "of a policy that was issued"
    return CancelOrder(serial, row.policy_number, row.refund, row.cancel_reason, row.cancel_asked_on, row.received_on)


async def _goes_on_from(tx: Any, key: Key) -> PolicyRow | None:
    """The policy that this one renews."""
    renews = (await premium_store.renewed_from(tx, [key])).get(key)
    return None if renews is None else (await store.policies(tx, [(key[0], renews)]))[key[0], renews]


def _heard(key: Key, asked: PolicyEvent, answer: InsurerAnswer) -> Heard:
    match answer:
        case Issued(number):
            return Heard(key, PolicyEvent.ISSUE, number)
        case Cancelled():
            return Heard(key, PolicyEvent.CANCEL)
        case Rejected(reason):
            return Heard(key, PolicyEvent.REFUSE if asked is PolicyEvent.ISSUE else None, reason)
        case NotReceived() | Noted():
            raise Outage("the insurer says that the request never came; it is sent again")
        case Unknown(why):
            raise Outage(f"the insurer does not answer: {why}")
    assert_never(answer)


async def hear(house: House, said: Sequence[Heard]) -> list[PolicyRow]:
    """Apply what the insurer said, now."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, sorted({one.key[0] for one in said}))
        at = await moment(tx)
        return await apply(house, tx, at, at.open_date(business_date_of(at.now)), said)


async def apply(house: House, tx: Tx, at: Moment, day: date, said: Sequence[Heard]) -> list[PolicyRow]:
    """Apply what the insurer said under a business date; the policies as they are then. One policy at most once in the list."""
    before = await store.policies(tx, [one.key for one in said])
    products = await products_of(tx, before.values())
    product = {key: products[row.product, row.version] for key, row in before.items()}
    after = {one.key: _after(before[one.key], product[one.key], one, day, at) for one in said}
    changed = [row for key, row in after.items() if row != before[key]]
    refused = [row for row in changed if row.refused_on is not None]
    actors = await actor_numbers(tx, [(row.book, PLATFORM) for row in refused])
    premiums = await premiums_of(house, tx, refused)
    await must_post(
        house, tx, at, [entries.premium_returned(premium, day, actor) for premium, actor in zip(premiums, actors, strict=True)]
    )  # fmt: skip
    await compliance.add_usage(tx, [(row.book, row.person, row.business_date, -row.premium) for row in refused])
    await store.save(tx, changed)
    over = {(row.book, row.id): _first_day_without(row) for row in changed if row.state is PolicyState.CANCELLED}
    await cover_ended(tx, over)
    await premium_store.end_mandates(tx, list(over), at.now)
    fresh = [one for one in said if after[one.key] in changed]
    issued = [after[one.key] for one in fresh if one.event is PolicyEvent.ISSUE]
    renewals = await premium_store.renewed_from(tx, [(row.book, row.id) for row in issued]) if issued else {}
    await premium_store.begin(tx, [_begun(row, day) for row in issued])
    await policy_event_store.add(tx, [_happened(after[one.key], one.event, at, renewals) for one in fresh if one.event in _TOLD])
    asked = {one.key: before[one.key].cancel_serial for one in fresh}
    await notices.tell(tx, [_notice(after[one.key], product[one.key], one, asked[one.key], at) for one in fresh])
    return [after[one.key] for one in said]


def _after(row: PolicyRow, product: Product, said: Heard, day: date, at: Moment) -> PolicyRow:
    """The policy after what was said: the same where it is known already, or cannot be."""
    if said.event is None:
        kept = replace(row, cancel_serial=None, cancel_asked_on=None, refund=0, rescission=None, reason=said.word)
        return kept if row.being_cancelled else row
    state = next_state(row.state, said.event)
    if isinstance(state, Refusal) or state is row.state:
        return row
    row = replace(row, state=state)
    if said.event is PolicyEvent.ISSUE:
        told_on = business_date_of(at.now)
        until = free_look_until(product, told_on)
        return replace(row, policy_number=said.word, issued_on=day, issued_at=at.now, received_on=told_on, free_look_until=until)
    if said.event is PolicyEvent.REFUSE:
        return replace(row, refused_on=day, reason=said.word)
    return replace(row, cancelled_on=day, cancelled_at=at.now)


_TOLD = (PolicyEvent.ISSUE, PolicyEvent.CANCEL)


def _begun(row: PolicyRow, day: date) -> Plan:
    """What an issued policy owes from now on; of a date that may be over already its end looks at it next."""
    schedule = Schedule(every_of(row.from_day, row.to_day, row.paid_until), row.premium, row.from_day, row.to_day, row.paid_until)
    return Plan(row.book, row.id, schedule.every, schedule.premium, None, next_look(schedule, row.state, day))


def _happened(row: PolicyRow, event: PolicyEvent | None, at: Moment, renewals: Collection[Key]) -> PolicyEventRow:
    """What was heard, for the bordereau to name."""
    if event is PolicyEvent.ISSUE:
        assert row.issued_on is not None, "it was issued just now"
        told = BordereauEvent.RENEWED if (row.book, row.id) in renewals else BordereauEvent.ISSUED
        return PolicyEventRow(row.book, told, row.serial, row.id, row.premium, row.issued_on, at.now, row.from_day, row.paid_until)
    assert row.cancelled_on is not None, "it was cancelled just now"
    assert row.cancel_serial is not None, "by a request"
    return PolicyEventRow(row.book, BordereauEvent.CANCELLED, row.cancel_serial, row.id, row.refund, row.cancelled_on, at.now)


def _first_day_without(row: PolicyRow) -> date:
    """The day of a cancellation is still covered; what the insurer refused was never."""
    return row.cancelled_on + timedelta(days=1) if row.cancelled_on else row.refused_on or row.from_day


async def premiums_of(house: House, tx: Tx, rows: Sequence[PolicyRow]) -> list[Premium]:
    """The money side of policies."""
    wanted = [NewAccount(row.book, Kind.WALLET, row.person, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS) for row in rows]
    wallets = await house.ledger.open_accounts(tx, wanted)
    return [Premium(row.book, row.id, wallet, row.premium) for row, wallet in zip(rows, wallets, strict=True)]


def _notice(row: PolicyRow, product: Product, said: Heard, asked: str | None, at: Moment) -> Notice:
    """`asked`: the serial of the request to cancel it, each of which is answered for itself."""
    name = product.name
    refund = format_minor(row.refund)
    if said.event is PolicyEvent.ISSUE:
        zh = f"您的{name}已承保，保单号{row.policy_number}，{row.from_day}起生效。"
        en = f"Your policy {row.policy_number} ({product.name_en}) is issued; cover begins on {row.from_day}."
    elif said.event is PolicyEvent.REFUSE:
        zh = f"保险公司未承保您的{name}，保费{format_minor(row.premium)}元已退回您的余额。"
        en = f"The insurer did not take on your policy ({product.name_en}); {format_minor(row.premium)} yuan are back in your balance."
    elif said.event is PolicyEvent.CANCEL:
        zh_back, en_back = f"退款{refund}元由保险公司转来后入账", f"the refund of {refund} yuan comes from the insurer"
        if not row.refund:
            zh_back, en_back = "保费不予退还", "nothing of its premium comes back"
        zh, en = f"您的保单{row.policy_number}已退保，{zh_back}。", f"Your policy {row.policy_number} is cancelled; {en_back}."
    else:
        zh = f"保险公司未同意退保，您的保单{row.policy_number}继续有效。"
        en = f"The insurer did not cancel your policy {row.policy_number}; it stays in force."
    key, other = derived(row.id, f"notice:{said.event}:{said.word if said.event else asked}"), said.event is not PolicyEvent.ISSUE
    return Notice(row.book, key, row.person, at.now, zh, en, NoticeKind.INSURANCE, f"policy/{row.id}", obligatory=other)


async def recognise_refunds(house: House, tx: Any, at: Moment, pushed: Sequence[Pushed], actor: int) -> Mapping[str, Claim]:
    """The insurer's refunds, by the serial of the cancellation. An amount that was not agreed waits in suspense, as a break."""
    here = {one.end_to_end_id: one for one in pushed if one.account == NUMBER_OF[Kind.CUSTOMER_RESERVE]}
    found = await store.by_cancel_serial(tx, list(house.all_books), list(here))
    awaited = {serial: row for serial, row in found.items() if row.refunded_on is None}
    agreed = {serial: row for serial, row in awaited.items() if row.refund == here[serial].amount}
    claims = {}
    for (serial, row), premium in zip(agreed.items(), await premiums_of(house, tx, list(agreed.values())), strict=True):
        refund = replace(premium, amount=row.refund)
        claims[serial] = Claim("policy_refund", (entries.refund_received(refund, at.booking_date(here[serial].booked_on), actor),))
    await store.save(tx, [replace(row, refunded_on=at.booking_date(here[serial].booked_on)) for serial, row in agreed.items()])
    await notices.tell(tx, [_refund_notice(row, at) for row in agreed.values()])
    for serial in awaited.keys() - agreed.keys():
        claims[serial] = await _other_amount(tx, at, here[serial], awaited[serial], actor)
    return claims


def _refund_notice(row: PolicyRow, at: Moment) -> Notice:
    yuan = format_minor(row.refund)
    zh, en = f"退保款{yuan}元已入账。", f"The refund of {yuan} yuan for policy {row.policy_number} is in your balance."
    key = derived(row.id, "notice:refund")
    return Notice(row.book, key, row.person, at.now, zh, en, NoticeKind.INSURANCE, f"policy/{row.id}", obligatory=True)


async def _other_amount(tx: Tx, at: Moment, one: Pushed, row: PolicyRow, actor: int) -> Claim:
    day = at.booking_date(one.booked_on)
    text = f"the insurer refunds {format_minor(one.amount)} for policy {row.policy_number}, {format_minor(row.refund)} was agreed; ask it"
    await bank.add_breaks(tx, day, [BreakRow(INSURER, "refund_differs", one.end_to_end_id, one.amount, text, accounted=True)], at.now)
    kept = house_account(HOUSE_BOOK, Kind.SUSPENSE, Asset.CNY)
    return Claim("suspense", (bank_entries.received(HOUSE_BOOK, one.key, one.account, kept, one.amount, day, actor, known=False),))

"""What becomes of changes of policies: asked of the insurer, applied once it accepts, undone where it does not; and what comes back by the
bank. A request that was not answered is inquired by its serial, and sent again where it never came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import Any, assert_never

from tapwealth.bank import entries as bank_entries
from tapwealth.bank import store as bank
from tapwealth.bank.entries import NUMBER_OF
from tapwealth.bank.store import BreakRow
from tapwealth.compliance import store as compliance
from tapwealth.flows.bank.receipts import Claim, Pushed
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, Moment, actor_numbers, moment, must_post
from tapwealth.flows.insurance.asking import ask_once
from tapwealth.flows.insurance.changed_address import ENDORSE, open_address
from tapwealth.flows.insurance.policy_order import told
from tapwealth.flows.insurance.policy_outcomes import INSURER, premiums_of
from tapwealth.insurance import beneficiary_store, endorsement_store, insured_store, policy_event_store, premium_store, store
from tapwealth.insurance.bordereau import BordereauEvent
from tapwealth.insurance.endorsement import EndorsementKind
from tapwealth.insurance.endorsement_entries import ChangeMoney, change_refunded, change_returned
from tapwealth.insurance.endorsement_store import EndorsementRow, EndorsementState
from tapwealth.insurance.insured_store import InsuredRow
from tapwealth.insurance.insurer import Cancelled, ChangeOrder, InsurerAnswer, Issued, Noted, NotReceived, Rejected, Unknown
from tapwealth.insurance.policy_event_store import PolicyEventRow
from tapwealth.insurance.product import OccupationClass
from tapwealth.insurance.store import PolicyRow
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.kernel.refusal import Outage
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.notices import store as notices
from tapwealth.notices.notice import Notice, NoticeKind
from tapwealth.storage.database import Tx
from tapwealth.storage.outbox import OutboxMessage

KINDS = (ENDORSE,)
"""Of the outbox's messages that are sent from here."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the insurer said of a change; `refused`: why it does not accept it, None if it does."""

    serial: str
    refused: str | None


async def deliver(house: House, message: OutboxMessage) -> None:
    """Make one request. Raises Outage while the insurer's answer is not known."""
    serial: str = message.payload["serial"]
    async with house.database.read() as tx:
        one = (await endorsement_store.by_serial(tx, [message.book], [serial]))[serial]
        order = await _order(house, tx, one)
    if one.state is not EndorsementState.ASKED:
        return
    said = _said(serial, await ask_once(house, message, serial, partial(house.rails.insurer.endorse, order)))
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [message.book])
        at = await moment(tx)
        await hear(house, tx, at, at.open_date(business_date_of(at.now)), [message.book], [said])


async def _order(house: House, tx: Tx, one: EndorsementRow) -> ChangeOrder:
    key = (one.book, one.policy)
    number = (await store.policies(tx, [key]))[key].policy_number
    order = ChangeOrder(one.serial, number, one.kind.value, one.amount, one.effective)
    match one.kind:
        case EndorsementKind.OCCUPATION:
            return replace(order, occupation=one.occupation_to)
        case EndorsementKind.BENEFICIARIES:
            rows = await beneficiary_store.of_version(tx, key, one.beneficiaries_to or 0)
            return replace(order, beneficiaries=tuple(told(house, each) for each in rows))
        case EndorsementKind.ADDRESS:
            assert one.sealed is not None, "an address is sealed"
            return replace(order, address=open_address(house, one.sealed, one.policy))
        case EndorsementKind.AGE:
            return replace(order, sum_insured=one.sum_to)
    assert_never(one.kind)


def _said(serial: str, answer: InsurerAnswer) -> Said:
    match answer:
        case Noted():
            return Said(serial, None)
        case Rejected(reason):
            return Said(serial, reason)
        case NotReceived() | Issued() | Cancelled():
            raise Outage("the insurer's answer is about something else; it is asked again")
        case Unknown(why):
            raise Outage(f"the insurer does not answer: {why}")
    assert_never(answer)


async def hear(house: House, tx: Tx, at: Moment, day: date, books: Sequence[int], said: Sequence[Said]) -> None:
    """Apply what the insurer said under a business date; what was decided before stays as it is."""
    found = await endorsement_store.by_serial(tx, books, [one.serial for one in said])
    open_ones = [(found[one.serial], one) for one in said if one.serial in found and found[one.serial].state is EndorsementState.ASKED]
    rows = await store.policies(tx, [(one.book, one.policy) for one, _ in open_ones])
    after = [(_decided(one, what, day), rows[one.book, one.policy]) for one, what in open_ones]
    await endorsement_store.save(tx, [one for one, _ in after])
    await _apply(tx, at, day, [(one, row) for one, row in after if one.state is EndorsementState.ACCEPTED])
    await _give_back(house, tx, at, day, [(one, row) for one, row in after if one.state is EndorsementState.REFUSED and one.amount > 0])
    await notices.tell(tx, [_notice(one, row, at) for one, row in after])


def _decided(one: EndorsementRow, said: Said, day: date) -> EndorsementRow:
    state = EndorsementState.ACCEPTED if said.refused is None else EndorsementState.REFUSED
    return replace(one, state=state, decided_on=day, reason=said.refused or "")


Changed = Sequence[tuple[EndorsementRow, PolicyRow]]


async def _apply(tx: Tx, at: Moment, day: date, changes: Changed) -> None:
    """Whom and what the policy insures, and the event for the bordereau to name."""
    insured = await insured_store.insured(tx, [(one.book, one.policy) for one, _ in changes])
    await insured_store.save_insured(tx, [_as_changed(insured[one.book, one.policy], one) for one, _ in changes])
    await policy_event_store.add(tx, [_event(one, row, at, day) for one, row in changes])
    await premium_store.save_premium(tx, [(one.book, one.policy, one.premium_to) for one, _ in changes if one.premium_to is not None])


def _as_changed(insured: InsuredRow, one: EndorsementRow) -> InsuredRow:
    match one.kind:
        case EndorsementKind.OCCUPATION:
            return replace(insured, occupation=OccupationClass(one.occupation_to or 1))
        case EndorsementKind.BENEFICIARIES:
            return replace(insured, beneficiaries=one.beneficiaries_to or 0)
        case EndorsementKind.AGE:
            return replace(insured, sum_insured=one.sum_to or insured.sum_insured)
        case EndorsementKind.ADDRESS:
            return insured
    assert_never(one.kind)


def _event(one: EndorsementRow, row: PolicyRow, at: Moment, day: date) -> PolicyEventRow:
    """An age is corrected for all the time that was paid for, whatever is left of it."""
    begins = row.from_day if one.kind is EndorsementKind.AGE else one.effective
    until = max(row.paid_until, one.effective + timedelta(days=1))
    return PolicyEventRow(one.book, BordereauEvent.ENDORSED, one.serial, one.policy, one.amount, day, at.now, begins, until)


async def _give_back(house: House, tx: Tx, at: Moment, day: date, refused: Changed) -> None:
    """What was taken for a change that the insurer does not accept."""
    actors = await actor_numbers(tx, [(one.book, PLATFORM) for one, _ in refused])
    money = await _money(house, tx, refused)
    await must_post(house, tx, at, [change_returned(each, day, actor) for each, actor in zip(money, actors, strict=True)])
    await compliance.add_usage(tx, [(one.book, row.person, one.asked_on, -one.amount) for one, row in refused])


async def _money(house: House, tx: Tx, changes: Changed) -> list[ChangeMoney]:
    premiums = await premiums_of(house, tx, [row for _, row in changes])
    return [
        ChangeMoney(one.book, one.id, one.policy, premium.wallet, abs(one.amount))
        for (one, _), premium in zip(changes, premiums, strict=True)
    ]


_WHAT = {
    EndorsementKind.OCCUPATION: ("职业变更", "the change of occupation"),
    EndorsementKind.BENEFICIARIES: ("受益人变更", "the change of beneficiaries"),
    EndorsementKind.ADDRESS: ("地址变更", "the change of address"),
    EndorsementKind.AGE: ("年龄更正", "the correction of the age"),
}


def _notice(one: EndorsementRow, row: PolicyRow, at: Moment) -> Notice:
    zh_what, en_what = _WHAT[one.kind]
    yuan = format_minor(abs(one.amount))
    if one.state is EndorsementState.REFUSED:
        zh, en = (
            f"保险公司未同意您保单{row.policy_number}的{zh_what}。",
            f"The insurer did not accept {en_what} of policy {row.policy_number}.",
        )
        if one.amount > 0:
            zh, en = f"{zh}{yuan}元已退回您的余额。", f"{en} {yuan} yuan are back in your balance."
    else:
        zh = f"您保单{row.policy_number}的{zh_what}自{one.effective}起生效。"
        en = f"{en_what[0].upper()}{en_what[1:]} of policy {row.policy_number} counts from {one.effective} on."
        if one.amount < 0:
            zh, en = f"{zh}退费{yuan}元由保险公司转来后入账。", f"{en} {yuan} yuan come back from the insurer."
        if one.sum_to is not None and one.sum_to != one.sum_from:
            zh, en = f"{zh}保额变为{format_minor(one.sum_to)}元。", f"{en} The sum insured is {format_minor(one.sum_to)} yuan."
    key = derived(one.id, "notice")
    return Notice(row.book, key, row.person, at.now, zh, en, NoticeKind.INSURANCE, f"policy/{row.id}", obligatory=True)


async def recognise_refunds(house: House, tx: Any, at: Moment, pushed: Sequence[Pushed], actor: int) -> Mapping[str, Claim]:
    """What comes back for changes, by their serials. An amount that was not agreed waits in suspense, as a break."""
    here = {one.end_to_end_id: one for one in pushed if one.account == NUMBER_OF[Kind.CUSTOMER_RESERVE]}
    found = await endorsement_store.by_serial(tx, list(house.all_books), list(here))
    awaited = [one for one in found.values() if one.state is EndorsementState.ACCEPTED and one.amount < 0 and one.refunded_on is None]
    rows = await store.policies(tx, [(one.book, one.policy) for one in awaited])
    agreed = [(one, rows[one.book, one.policy]) for one in awaited if -one.amount == here[one.serial].amount]
    days = {one.serial: at.booking_date(here[one.serial].booked_on) for one, _ in agreed}
    claims = {}
    for (one, _), money in zip(agreed, await _money(house, tx, agreed), strict=True):
        claims[one.serial] = Claim("policy_refund", (change_refunded(money, days[one.serial], actor),))
    await endorsement_store.save(tx, [replace(one, refunded_on=days[one.serial]) for one, _ in agreed])
    await notices.tell(tx, [_refunded(one, row, at) for one, row in agreed])
    for one in awaited:
        if one.serial not in claims:
            claims[one.serial] = await _other_amount(tx, at, here[one.serial], one, rows[one.book, one.policy], actor)
    return claims


def _refunded(one: EndorsementRow, row: PolicyRow, at: Moment) -> Notice:
    yuan = format_minor(-one.amount)
    zh, en = (
        f"保单{row.policy_number}变更退费{yuan}元已入账。",
        f"{yuan} yuan for the change of policy {row.policy_number} are in your balance.",
    )
    key = derived(one.id, "notice:refund")
    return Notice(row.book, key, row.person, at.now, zh, en, NoticeKind.INSURANCE, f"policy/{row.id}", obligatory=True)


async def _other_amount(tx: Tx, at: Moment, pushed: Pushed, one: EndorsementRow, row: PolicyRow, actor: int) -> Claim:
    day = at.booking_date(pushed.booked_on)
    text = f"the insurer pays {format_minor(pushed.amount)} for the change {one.serial} of policy {row.policy_number},"
    text = f"{text} {format_minor(-one.amount)} was agreed; ask it"
    await bank.add_breaks(tx, day, [BreakRow(INSURER, "refund_differs", pushed.end_to_end_id, pushed.amount, text, accounted=True)], at.now)
    kept = house_account(HOUSE_BOOK, Kind.SUSPENSE, Asset.CNY)
    entry = bank_entries.received(HOUSE_BOOK, pushed.key, pushed.account, kept, pushed.amount, day, actor, known=False)
    return Claim("suspense", (entry,))

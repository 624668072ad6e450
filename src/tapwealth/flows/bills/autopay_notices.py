"""What customers are told of bills that are paid by themselves, kept with the agreement that each notice tells of."""

from collections.abc import Sequence
from uuid import UUID

from tapwealth.bills import autopay_store as store
from tapwealth.bills.autopay import Autopay
from tapwealth.bills.store import BillerRow
from tapwealth.flows.frame import Envelope, Moment
from tapwealth.kernel.ids import derived, named
from tapwealth.kernel.money import format_minor
from tapwealth.notices import store as notices
from tapwealth.notices.notice import Notice, NoticeKind
from tapwealth.storage import clients
from tapwealth.storage.database import Tx

_DONE = {
    "agreed": (
        "“{client}”已代您订立自动缴费约定：{zh} {account}，每笔不超过 {most} 元。如非您本意，请终止约定并收回许可。",
        "{client} has agreed for you that bills of {en}, {account}, are paid by themselves, {most} yuan each at most. End the agreement and"
        " take back your consent if you do not want it.",
    ),
    "changed": (
        "“{client}”已代您变更自动缴费约定：{zh} {account}，每笔不超过 {most} 元。如非您本意，请终止约定并收回许可。",
        "{client} has changed for you how bills of {en}, {account}, are paid by themselves: {most} yuan each at most from now on. End the"
        " agreement and take back your consent if you do not want it.",
    ),
    "ended": (
        "“{client}”已代您终止自动缴费约定：{zh} {account}，今后的账单请自行缴费。如非您本意，请收回许可并重新约定。",
        "{client} has ended for you that bills of {en}, {account}, are paid by themselves; pay them by hand. Take back your consent and"
        " agree to it anew if you do not want that.",
    ),
}


async def tell_of_client(tx: Tx, envelope: Envelope, at: Moment, one: Autopay, biller: BillerRow, done: str) -> None:
    """What a client did in the customer's name the customer hears from us."""
    client = await clients.client(tx, envelope.caller.client) if envelope.caller.client else None
    if client is None:
        return
    words = {
        "client": client.name, "zh": biller.biller.name, "en": biller.name_en, "account": one.shown_account, "most": format_minor(one.most),
    }  # fmt: skip
    zh, en = (text.format(**words) for text in _DONE[done])
    news = Notice(one.book, derived(one.id, f"told {done}"), one.person, at.now, zh, en, NoticeKind.BILL, "autopays")
    await tell(tx, at, [(one.id, news)])


async def tell(tx: Tx, at: Moment, told: Sequence[tuple[UUID, Notice]]) -> None:
    """Tell customers, and keep which agreement each notice tells of."""
    await notices.tell(tx, [notice for _, notice in told])
    await store.add_notices(
        tx, [(notice.book, named(at.now, notice.book, f"autopay notice {notice.id}"), one, notice.id) for one, notice in told]
    )

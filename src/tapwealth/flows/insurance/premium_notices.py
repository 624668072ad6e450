"""What policyholders are told of premiums that are due, paid and not paid, and of what becomes of their cover. What costs cover or money is
told in any case."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from tapwealth.insurance.product import Product
from tapwealth.insurance.store import PolicyRow
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import format_minor
from tapwealth.notices.notice import Notice, NoticeKind

_WORDS: Mapping[str, tuple[str, str]] = {
    "due": (
        "您的{zh}（保单{number}）下期保费{yuan}元将于{on}到期，届时按约定从您的账户扣收，请备足资金。",
        "The next premium of your policy {number} ({en}), {yuan} yuan, is due on {on} and collected then, as agreed; see that it is there.",
    ),
    "due by hand": (
        "您的{zh}（保单{number}）下期保费{yuan}元将于{on}到期，请在此之前缴纳，或约定自动扣缴。",
        "The next premium of your policy {number} ({en}), {yuan} yuan, is due on {on}; pay it by then, or let it be collected.",
    ),
    "unpaid": (
        "您的{zh}（保单{number}）保费{yuan}元尚未缴纳：{why}。宽限期至{until}止，其间仍有保障，此后保障中止。",
        "The premium of your policy {number} ({en}), {yuan} yuan, is not paid: {why}. You are covered until {until}, the end of the grace"
        " period; after it cover is suspended.",
    ),
    "demanded": (
        "保险公司催缴您的{zh}（保单{number}）保费{yuan}元，请于{until}前缴纳，逾期保障中止。",
        "The insurer demands the premium of your policy {number} ({en}), {yuan} yuan. Pay it by {until}; after that day cover is"
        " suspended.",
    ),
    "taken": (
        "您的{zh}（保单{number}）保费{yuan}元已缴纳，保障至{until}前。",
        "The premium of your policy {number} ({en}), {yuan} yuan, is paid, for cover to before {until}.",
    ),
    "deducted": (
        "您的{zh}（保单{number}）欠缴保费{yuan}元已由保险公司从赔款中扣除，视为已缴，保障至{until}前。",
        "The insurer has kept the premium that was owed, {yuan} yuan, of what it pays for a claim of your policy {number} ({en}). It is"
        " paid by that, for cover to before {until}.",
    ),
    "returned": (
        "保险公司未收您的{zh}（保单{number}）保费，{yuan}元已退回您的余额：{why}。请联系我们。",
        "The insurer did not take the premium of your policy {number} ({en}); {yuan} yuan are back in your balance ({why}). Please ask us.",
    ),
    "suspended": (
        "您的{zh}（保单{number}）保费逾期未缴，保障自{on}起中止。两年内（{until}前）补缴保费并经保险公司同意，可以恢复。",
        "A premium of your policy {number} ({en}) was not paid: cover is suspended from {on} on. It can be reinstated within two"
        " years, before"
        " {until}, if what is owed is paid and the insurer agrees.",
    ),
    "lapsed": (
        "您的{zh}（保单{number}）中止已满两年，合同自{on}起终止。保险公司退还现金价值{yuan}元。",
        "Your policy {number} ({en}) was suspended for two years and is over from {on} on. The insurer gives back its cash value of"
        " {yuan} yuan.",
    ),
    "lapsed for nothing": (
        "您的{zh}（保单{number}）中止已满两年，合同自{on}起终止，所缴保费不予退还。",
        "Your policy {number} ({en}) was suspended for two years and is over from {on} on. Nothing comes back of its premiums.",
    ),
    "reinstated": (
        "您的{zh}（保单{number}）已恢复效力，自{on}零时起重新有保障。",
        "Your policy {number} ({en}) is reinstated: you are covered again from {on} on.",
    ),
    "not reinstated": (
        "保险公司未同意恢复您的{zh}（保单{number}），{yuan}元已退回您的余额：{why}。",
        "The insurer did not reinstate your policy {number} ({en}); {yuan} yuan are back in your balance ({why}).",
    ),
    "refunded": (
        "您的{zh}（保单{number}）退还的现金价值{yuan}元已入账。",
        "The cash value of your policy {number} ({en}), {yuan} yuan, is in your balance.",
    ),
    "renews": (
        "您的{zh}（保单{number}）将于{on}到期，届时按约定续保，保费以当日价格为准，不超过{yuan}元。如不需要，请在此之前终止约定。",
        "Your policy {number} ({en}) ends on {on} and goes on as agreed, at the price of the day, {yuan} yuan at most. End the"
        " agreement before"
        " then if you do not want it.",
    ),
    "ends": (
        "您的{zh}（保单{number}）将于{on}到期，到期后没有保障。如需要，请重新投保或约定续保。",
        "Your policy {number} ({en}) ends on {on}, and with it your cover. Buy another one, or let it be renewed, if you want one.",
    ),
    "renewed": (
        "您的{zh}（保单{number}）已按约定续保，保费{yuan}元已收，新保障自{on}起，待保险公司承保。",
        "Your policy {number} ({en}) goes on as agreed: {yuan} yuan were taken, cover goes on from {on} once the insurer has issued it.",
    ),
    "not renewed": (
        "您的{zh}（保单{number}）未能续保：{why}。保障将于{on}结束，请另行投保。",
        "Your policy {number} ({en}) could not be renewed: {why}. Cover ends on {on}; buy another policy if you want one.",
    ),
    "expired": (
        "您的{zh}（保单{number}）已到期，保障于{on}零时结束。",
        "Your policy {number} ({en}) has ended: cover was over when {on} began.",
    ),
    "let": (
        "您已约定自动缴纳{zh}（保单{number}）的保费，每次不超过{yuan}元。可随时终止。",
        "You have let the premiums of policy {number} ({en}) be collected, {yuan} yuan each time at most. You can end that at any time.",
    ),
}  # fmt: skip
_NOT_OBLIGATORY = frozenset({"due", "due by hand", "taken", "ends", "expired", "let"})


@dataclass(frozen=True, slots=True)
class News:
    """What a policyholder is told; `what` is one of the words above, and `once` what tells it from other news of the kind."""

    row: PolicyRow
    product: Product
    what: str
    once: str = ""
    amount: int = 0
    on: date | None = None
    until: date | None = None
    why: str = ""


def notice(one: News, now: datetime) -> Notice:
    """In both languages; the same news again has the same id."""
    words = {
        "zh": one.product.name, "en": one.product.name_en, "number": one.row.policy_number, "yuan": format_minor(one.amount),
        "on": one.on, "until": one.until, "why": one.why,
    }  # fmt: skip
    said = "lapsed for nothing" if one.what == "lapsed" and not one.amount else one.what
    zh, en = (text.format(**words) for text in _WORDS[said])
    key = derived(one.row.id, f"notice:{one.what}:{one.once}")
    obligatory = one.what not in _NOT_OBLIGATORY
    return Notice(one.row.book, key, one.row.person, now, zh, en, NoticeKind.INSURANCE, f"policy/{one.row.id}", obligatory=obligatory)

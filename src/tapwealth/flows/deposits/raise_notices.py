"""What people are told of their subscriptions to the bank's wealth products, in both languages."""

from dataclasses import dataclass
from datetime import date, datetime

from tapwealth.catalogue.version import Version
from tapwealth.deposits.raise_rules import Raise, State
from tapwealth.deposits.raise_store import SubscriptionRow
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.units import Unit, written_in
from tapwealth.notices.notice import Notice, NoticeKind

Message = Notice
"""What somebody is told."""


@dataclass(frozen=True, slots=True)
class Told:
    """Of whose subscription to what, and when."""

    version: Version
    one: Raise
    row: SubscriptionRow
    at: datetime

    def notice(self, what: str, zh: str, en: str) -> Notice:
        """About that event."""
        return Notice(self.row.book, derived(self.row.id, what), self.row.person, self.at, zh, en, NoticeKind.FUND, "wealth_subscriptions")


def allotted_notice(told: Told) -> Notice:
    """Formed, and what was allotted."""
    names, row, one = told.version.definition.name, told.row, told.one
    amount, asked, days = format_minor(row.allotted), format_minor(row.asked), one.terms.days
    zh = f"{names.zh}已成立，您认购{asked}元，获配{amount}元；{one.begins_on}起息，{one.matures_on}到期，期限{days}天。"
    en = f"{names.en} is formed: of {asked} yuan asked {amount} are yours. It earns from {one.begins_on} and matures on {one.matures_on}."
    return told.notice("allotted", zh, en)


def failed_notice(told: Told, back_on: date | None) -> Notice:
    """Not formed."""
    names, amount = told.version.definition.name, format_minor(told.row.given)
    zh = f"{names.zh}未达到最低募集规模，未能成立；您的{amount}元本金及活期利息将于{back_on}退回余额。"
    en = f"{names.en} was not formed: too little was raised. Your {amount} yuan and their interest are back in your balance on {back_on}."
    return told.notice("failed", zh, en)


def back_notice(told: Told) -> Notice:
    """Interest of the raise, and what was not allotted."""
    names, row = told.version.definition.name, told.row
    rest, interest = format_minor(row.given - row.allotted), format_minor(row.interest)
    zh = f"{names.zh}：退回认购款{rest}元、募集期利息{interest}元，已入您的余额。"
    en = f"{names.en}: {rest} yuan not allotted and {interest} yuan of interest for the days of the raise are in your balance."
    if row.state is State.BACK:
        zh = f"{names.zh}：认购款{rest}元及利息{interest}元已全部退回您的余额。"
        en = f"{names.en}: all of your {rest} yuan and {interest} yuan of interest are back in your balance."
    return told.notice("back", zh, en)


def paid_notice(told: Told) -> Notice:
    """Matured; what was paid stands beside what was expected."""
    names, row, one = told.version.definition.name, told.row, told.one
    principal, gain = format_minor(row.allotted), format_minor(row.gain)
    expected, paid = (written_in(Unit.PERCENT, rate) for rate in (one.terms.expected, one.rate))
    zh = f"{names.zh}已到期，本金{principal}元、收益{gain}元已入您的余额；实际年化{paid}%（预期{expected}%）。"
    en = f"{names.en} has matured: {principal} yuan and a gain of {gain} are in your balance; it paid {paid}% (expected: {expected}%)."
    return told.notice("paid", zh, en)

"""Which notices come to the phone, over which channels, and when: the rule of each kind, a customer's choice, quiet hours, limits. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from tapwealth.kernel.clock import SHANGHAI, business_date_of, shanghai
from tapwealth.kernel.refusal import Refusal
from tapwealth.notices.messenger import Channel
from tapwealth.notices.notice import NoticeKind

QUIET_FROM, QUIET_UNTIL = 22, 8
"""Hours of the Shanghai day between which a phone is left alone."""
HOUR = timedelta(hours=1)
MOST_AN_HOUR = {Channel.PUSH: 30, Channel.SMS: 6}
"""Messages to one person; what is above waits, and is put together. Urgent ones are counted apart."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`obligatory`: one channel at least stays on. `text`: important enough for a text message. `urgent`: goes at once, also at night, and
    over all its channels."""

    obligatory: bool
    text: bool
    urgent: bool


RULES = {
    NoticeKind.SECURITY: Rule(obligatory=True, text=True, urgent=True),
    NoticeKind.CARD: Rule(obligatory=True, text=True, urgent=False),
    NoticeKind.BILL: Rule(obligatory=True, text=True, urgent=False),
    NoticeKind.FUND: Rule(obligatory=False, text=False, urgent=False),
    NoticeKind.INSURANCE: Rule(obligatory=False, text=False, urgent=False),
    NoticeKind.DEPOSIT: Rule(obligatory=False, text=False, urgent=False),
}


@dataclass(frozen=True, slots=True)
class Preferences:
    """`off`: what does not come, by kind and channel."""

    language: str = "zh"
    off: frozenset[tuple[NoticeKind, Channel]] = frozenset()

    def channels(self, kind: NoticeKind, *, obligatory: bool = False) -> tuple[Channel, ...]:
        """Over which a notice of that kind goes, in the order in which they are tried. One that is obligatory though its
        kind is not goes over both, whatever was chosen."""
        if obligatory and not RULES[kind].obligatory:
            return Channel.PUSH, Channel.SMS
        possible = (Channel.PUSH, Channel.SMS) if RULES[kind].text else (Channel.PUSH,)
        return tuple(one for one in possible if (kind, one) not in self.off)

    def with_choice(self, kind: NoticeKind, *, push: bool, sms: bool) -> "Preferences":
        chosen = {(kind, channel) for channel, on in ((Channel.PUSH, push), (Channel.SMS, sms)) if not on}
        return Preferences(self.language, frozenset(one for one in self.off if one[0] is not kind) | chosen)


def is_quiet(now: datetime) -> bool:
    """Whether phones are left alone at that instant: from 22:00:00 to before 08:00:00."""
    hour = now.astimezone(SHANGHAI).hour
    return hour >= QUIET_FROM or hour < QUIET_UNTIL


def after_quiet(now: datetime) -> datetime:
    """That instant, or the end of the quiet hours in which it lies."""
    if not is_quiet(now):
        return now
    day = business_date_of(now)
    if now.astimezone(SHANGHAI).hour >= QUIET_FROM:
        day += timedelta(days=1)
    return shanghai(day, QUIET_UNTIL)


def slot(now: datetime, channel: Channel, taken: Collection[datetime], *, urgent: bool) -> datetime:
    """When one more message may go to a person over a channel, after those of `taken`: never more than the limit within an hour, and
    nothing that is not urgent in quiet hours. Slots given one after the other never go back, so that the last ones decide."""
    most = MOST_AN_HOUR[channel]
    full_until = sorted(taken)[-most] + HOUR if len(taken) >= most else now
    at = max(now, full_until)
    return at if urgent else after_quiet(at)


class NoticeRefusal(Enum):
    """Why a choice cannot be made, in this order for each kind."""

    NO_TEXT_MESSAGES = auto()
    MUST_BE_TOLD = auto()


def chosen(before: Preferences, kind: NoticeKind, *, push: bool, sms: bool) -> Preferences | Refusal:
    """What stands after that choice."""
    rule = RULES[kind]
    if sms and not rule.text:
        said = f"{kind.value} is told by push messages alone; leave sms off"
        return Refusal(NoticeRefusal.NO_TEXT_MESSAGES, said)
    if rule.obligatory and not (push or sms):
        said = f"{kind.value} cannot be switched off altogether; leave push or sms on"
        return Refusal(NoticeRefusal.MUST_BE_TOLD, said)
    return before.with_choice(kind, push=push, sms=sms)

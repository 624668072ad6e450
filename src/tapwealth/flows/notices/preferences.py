"""Which notices come to a customer's phone, over which channels, in which language: chosen and shown."""

from typing import Any, Literal
from uuid import UUID

import msgspec

from tapwealth.flows.customers.people import who
from tapwealth.flows.frame import Envelope, House, Moment, once
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.notices import delivery_store as store
from tapwealth.notices.choice import RULES, Preferences, chosen
from tapwealth.notices.messenger import Channel
from tapwealth.notices.notice import NoticeKind
from tapwealth.storage.database import Tx

Language = Literal["zh", "en"]
_WORDS = {
    NoticeKind.SECURITY: ("账户安全", "account and phones"),
    NoticeKind.CARD: ("银行卡与手机卡", "cards"),
    NoticeKind.BILL: ("生活缴费", "bills"),
    NoticeKind.FUND: ("基金", "funds"),
    NoticeKind.INSURANCE: ("保险", "insurance"),
    NoticeKind.DEPOSIT: ("存款", "deposits"),
}


class KindChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Over which channels notices of a kind come."""

    kind: NoticeKind
    push: bool
    sms: bool


class ChooseNotices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """These kinds come so from now on, others as before; messages are in that language, if one is given."""

    kinds: list[KindChoice]
    language: Language | None = None


class KindShown(msgspec.Struct, frozen=True):
    """How a kind comes, and what its rule is: `obligatory`, one channel at least stays on; `text`, text messages are possible; `urgent`, at
    once over all channels, also at night."""

    kind: NoticeKind
    kind_zh: str
    kind_en: str
    push: bool
    sms: bool
    obligatory: bool
    text: bool
    urgent: bool


class NoticePreferences(msgspec.Struct, frozen=True):
    """What a customer chose, or what stands where nothing was chosen."""

    language: Language
    kinds: list[KindShown]


async def choose(house: House, envelope: Envelope, command: ChooseNotices) -> NoticePreferences | Refusal:
    """All of it or none. Raises BadInput where nothing is chosen, or a kind twice."""
    book, person = who(envelope)
    check(command)

    async def act(tx: Tx, _at: Moment, _actor: int) -> NoticePreferences | Refusal:
        stands = await _standing(tx, book, person)
        for one in command.kinds:
            after = chosen(stands, one.kind, push=one.push, sms=one.sms)
            if isinstance(after, Refusal):
                return after
            stands = after
        stands = Preferences(command.language or stands.language, stands.off)
        await store.keep_preferences(tx, book, person, stands)
        return _view(stands)

    return await once(house, [book], envelope, command, act, NoticePreferences)


def check(command: ChooseNotices) -> None:
    """Raises BadInput."""
    kinds = [one.kind for one in command.kinds]
    if not kinds and command.language is None:
        raise BadInput("nothing is chosen", where="kinds", hint="name kinds, or a language")
    twice = next((one for one in kinds if kinds.count(one) > 1), None)
    if twice is not None:
        raise BadInput(f"{twice.value} is chosen twice", where="kinds", hint="name each kind once")


async def shown(tx: Any, book: int, person: UUID) -> NoticePreferences:
    """For their customer."""
    return _view(await _standing(tx, book, person))


async def _standing(tx: Any, book: int, person: UUID) -> Preferences:
    return (await store.preferences(tx, [(book, person)])).get((book, person), Preferences())


def _view(stands: Preferences) -> NoticePreferences:
    language: Any = stands.language
    return NoticePreferences(language, [_kind(kind, stands.channels(kind)) for kind in NoticeKind])


def _kind(kind: NoticeKind, channels: tuple[Channel, ...]) -> KindShown:
    rule = RULES[kind]
    on = (Channel.PUSH in channels, Channel.SMS in channels)
    return KindShown(kind, *_WORDS[kind], *on, rule.obligatory, rule.text, rule.urgent)

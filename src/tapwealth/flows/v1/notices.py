"""A customer's notices over /v1: read, marked as opened, and which of them come to the phone."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from tapwealth.flows.frame import Caller, Envelope, House
from tapwealth.flows.notices import inbox, preferences
from tapwealth.flows.notices.inbox import SHOWN, NoticesRead, ReadNotices
from tapwealth.flows.notices.preferences import ChooseNotices, KindChoice, NoticePreferences
from tapwealth.flows.v1.autopays import NOTICE
from tapwealth.flows.v1.reading import Part, Wanted, allowed, before, part
from tapwealth.flows.v1.shapes import Identifier
from tapwealth.kernel.ids import prefixed, unprefixed
from tapwealth.kernel.refusal import Refusal
from tapwealth.notices import store
from tapwealth.notices.notice import Kept, NoticeKind
from tapwealth.storage.database import Tx

_NOBODY = UUID(int=0)
Kind = Literal["security", "card", "bill", "fund", "insurance", "deposit"]
Language = Literal["zh", "en"]


class Notice(msgspec.Struct, frozen=True):
    """What the customer was told; `read` once the customer, or who acts for the customer, has opened it."""

    id: Identifier
    at: datetime
    kind: Kind
    text_zh: str
    text_en: str
    read: bool


class Opened(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """These notices were opened; none named: all that there are. What is not the account's is passed over."""

    notices: Annotated[list[Identifier], Meta(max_length=SHOWN)]


class Unread(msgspec.Struct, frozen=True):
    """How many are left that were not opened."""

    unread: int


class NoticeKindChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a kind comes to the phone."""

    kind: Kind
    push: bool
    sms: bool


class NewNoticeChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """These kinds come so from now on, others as before; messages are in that `language`, if one is given."""

    kinds: Annotated[list[NoticeKindChoice], Meta(max_length=len(NoticeKind))] = []
    language: Language | None = None


class NoticeKindSetting(msgspec.Struct, frozen=True):
    """How a kind comes. `obligatory`: `push` or `sms` stays on; `text`: `sms` is possible; `urgent`: at once over both, also at night."""

    kind: Kind
    push: bool
    sms: bool
    obligatory: bool
    text: bool
    urgent: bool


class NoticeChoice(msgspec.Struct, frozen=True):
    """What the customer chose, or what stands where nothing was chosen."""

    language: Language
    kinds: list[NoticeKindSetting]


async def notices(house: House, caller: Caller, wanted: Wanted) -> Part | Refusal:
    """Newest first."""

    async def read(tx: Tx, book: int, person: UUID) -> Part:
        found = await store.notices_of(tx, book, person, wanted.limit + 1, before(wanted))
        return part([_notice(one) for one in found], [one.notice.id.hex for one in found], wanted)

    return await allowed(house, caller, read)


def _notice(one: Kept) -> Notice:
    told: Any = one.notice
    return Notice(prefixed(NOTICE, told.id), told.at, told.kind.value, told.text_zh, told.text_en, one.read_at is not None)


async def opened(house: House, envelope: Envelope, asked: Opened) -> Unread | Refusal:
    """As the customer's phone marks them."""
    answer = await inbox.read(house, envelope, ReadNotices([unprefixed(NOTICE, one) or _NOBODY for one in asked.notices]))
    return Unread(answer.unread) if isinstance(answer, NoticesRead) else answer


async def choose(house: House, envelope: Envelope, asked: NewNoticeChoice) -> NoticeChoice | Refusal:
    """From the next message on."""
    kinds = [KindChoice(NoticeKind(one.kind), one.push, one.sms) for one in asked.kinds]
    answer = await preferences.choose(house, envelope, ChooseNotices(kinds, asked.language))
    return answer if isinstance(answer, Refusal) else _choice(answer)


async def choice(house: House, caller: Caller) -> NoticeChoice | Refusal:
    """As it stands."""

    async def read(tx: Tx, book: int, person: UUID) -> NoticeChoice:
        return _choice(await preferences.shown(tx, book, person))

    return await allowed(house, caller, read)


def _choice(one: NoticePreferences) -> NoticeChoice:
    kinds: Any = one.kinds
    settings = [NoticeKindSetting(of.kind.value, of.push, of.sms, of.obligatory, of.text, of.urgent) for of in kinds]
    return NoticeChoice(one.language, settings)

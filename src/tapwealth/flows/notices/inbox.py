"""The inbox: what a customer was told, newest first, and which of it the customer has opened."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tapwealth.flows.customers.people import who
from tapwealth.flows.frame import Envelope, House, Moment, once
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.notices import store
from tapwealth.notices.notice import Kept
from tapwealth.storage.database import Tx

SHOWN = 100
"""Notices on one sheet."""


class NoticeView(msgspec.Struct, frozen=True):
    """What the customer was told; `at` by the platform clock. `link` is the path below /view that shows what it tells of."""

    notice: UUID
    at: datetime
    kind: str
    text_zh: str
    text_en: str
    link: str
    read: bool


class ReadNotices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """I have opened these notices; none named: all that there are."""

    notices: list[UUID]


class NoticesRead(msgspec.Struct, frozen=True):
    """How many are left that were not opened."""

    unread: int


async def read(house: House, envelope: Envelope, command: ReadNotices) -> NoticesRead | Refusal:
    """What is not there, or somebody else's, is passed over: nothing is told of it. Raises BadInput for more than a sheet of them."""
    book, person = who(envelope)
    if len(command.notices) > SHOWN:
        raise BadInput(f"{len(command.notices)} notices at once", where="notices", hint=f"name at most {SHOWN}, or none for all")

    async def act(tx: Tx, at: Moment, _actor: int) -> NoticesRead:
        await store.mark_read(tx, book, person, command.notices, at.now)
        return NoticesRead(await store.unread(tx, book, person))

    return await once(house, [book], envelope, command, act, NoticesRead)


def reader(before: str | None) -> Callable[[Any, int, UUID], Awaitable[list[NoticeView]]]:
    """Reads a person's newest notices, newest first, or those older than the one whose id is `before`. Raises BadInput for no id."""
    try:
        older_than = UUID(before) if before else None
    except ValueError:
        raise BadInput(
            f"{before[:40]!r} is no notice" if before else "", where="before", hint="give the id of the last one shown"
        ) from None

    async def shown(tx: Any, book: int, person: UUID) -> list[NoticeView]:
        return [_view(one) for one in await store.notices_of(tx, book, person, SHOWN, older_than)]

    return shown


def _view(one: Kept) -> NoticeView:
    told = one.notice
    return NoticeView(told.id, told.at, told.kind.value, told.text_zh, told.text_en, told.link, one.read_at is not None)

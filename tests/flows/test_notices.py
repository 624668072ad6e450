"""The inbox: told once, newest first, one's own alone, opened or not."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from bill_town import NINE, Person, Town

from tapwealth.flows.notices import inbox
from tapwealth.flows.notices.inbox import NoticesRead, NoticeView, ReadNotices
from tapwealth.flows.reports import standing
from tapwealth.kernel.ids import derived
from tapwealth.notices import store
from tapwealth.notices.notice import Notice, NoticeKind


def said(person: Person, event: str, minutes: int = 0, kind: NoticeKind = NoticeKind.BILL) -> Notice:
    """Something that has happened to a person."""
    at = NINE + timedelta(minutes=minutes)
    return Notice(person.book, derived(person.id, event), person.id, at, f"{event}。", f"{event}.", kind, "statement/me")


async def tell(place: Town, *notices: Notice) -> None:
    async with place.house.database.transaction() as tx:
        await store.tell(tx, notices)


async def shown(place: Town, person: Person, before: UUID | None = None) -> list[NoticeView]:
    async with place.house.database.read() as tx:
        return await inbox.reader(str(before) if before else None)(tx, person.book, person.id)


async def opened(place: Town, person: Person, *notices: UUID) -> Any:
    return await inbox.read(place.house, place.envelope(person), ReadNotices(list(notices)))


async def test_an_event_is_told_once_and_the_newest_stands_first(place: Town) -> None:
    wang, li = await place.person("Wang", 0), await place.person("Li", 0)
    await tell(place, said(wang, "one"), said(li, "theirs"), said(wang, "two"))
    await tell(place, said(wang, "one", 5), said(wang, "three", 5, NoticeKind.SECURITY))
    assert [(one.text_en, one.kind) for one in await shown(place, wang)] == [("three.", "security"), ("two.", "bill"), ("one.", "bill")]
    assert [one.text_zh for one in await shown(place, li)] == ["theirs。"]


async def test_a_long_inbox_is_read_sheet_by_sheet(place: Town) -> None:
    wang, li = await place.person("Wang", 0), await place.person("Li", 0)
    await tell(place, *(said(wang, str(number)) for number in range(250)), said(li, "theirs"))
    seen: list[str] = []
    sheet = await shown(place, wang)
    while sheet:
        seen += [one.text_en for one in sheet]
        assert len(sheet) in (100, 50)
        sheet = await shown(place, wang, sheet[-1].notice)
    assert seen == [f"{number}." for number in reversed(range(250))]
    theirs = (await shown(place, li))[0].notice
    assert await shown(place, wang, theirs) == [], "somebody else's notice leads nowhere"


async def test_opened_notices_are_counted_off_and_nobody_elses(place: Town) -> None:
    wang, li = await place.person("Wang", 0), await place.person("Li", 0)
    await tell(place, *(said(wang, name) for name in ("one", "two", "three")), said(li, "theirs"))
    newest, theirs = (await shown(place, wang))[0].notice, (await shown(place, li))[0].notice
    assert await opened(place, wang, newest, theirs) == NoticesRead(2)
    assert [one.read for one in await shown(place, wang)] == [True, False, False]
    assert [one.read for one in await shown(place, li)] == [False]
    async with place.house.database.read() as tx:
        assert (await standing.me(place.house, tx, wang.book, wang.id)).unread == 2
    assert await opened(place, wang) == NoticesRead(0)
    assert all(one.read for one in await shown(place, wang))

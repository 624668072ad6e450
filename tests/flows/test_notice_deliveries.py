"""Notices on their way to phones: once each, over the channels that their customer chose, not at night, and none lost over a kill."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bill_town import MONDAY, Town
from counting import Counting
from notice_town import NoticeTown, Stopped, notice, with_messenger

from tapwealth.flows.notices import outgoing
from tapwealth.kernel.clock import shanghai
from tapwealth.notices import delivery_store
from tapwealth.notices.choice import MOST_AN_HOUR, Preferences
from tapwealth.notices.delivery import LEASE, MOST_ASKED, MOST_TRIES
from tapwealth.notices.messenger import Channel, Fate, Said
from tapwealth.notices.notice import NoticeKind
from tapwealth.storage.database import in_transaction

PUSH, SMS = Channel.PUSH, Channel.SMS
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
PHONE = "13800138000"


@pytest.fixture
def at(place: Town, monkeypatch: pytest.MonkeyPatch) -> NoticeTown:
    return with_messenger(place, monkeypatch.setattr, BEGAN)


async def test_a_notice_comes_to_the_phone_once(at: NoticeTown) -> None:
    wang = await at.customer("Wang", phones=2)
    await at.tell(notice(wang, "paid"))
    await at.work()
    assert at.messenger.texts(PUSH) == ["paid。", "paid。"], "to each phone"
    assert at.messenger.texts(SMS) == []
    assert await at.states() == [("push", "accepted")]
    await at.report(*at.messenger.taken)
    await at.work()
    assert await at.states() == [("push", "delivered")]
    assert len(at.messenger.submissions) == 1


async def test_security_goes_over_every_channel_at_once_and_others_over_the_next_only_if_one_fails(at: NoticeTown) -> None:
    wang, li = await at.customer("Wang"), await at.customer("Li", phones=0)
    await at.tell(notice(wang, "signed in", NoticeKind.SECURITY), notice(li, "paid"), notice(li, "dividend", NoticeKind.FUND))
    await at.work()
    assert await at.states(wang) == [("push", "accepted"), ("sms", "accepted")]
    assert sorted(await at.states(li)) == [("push", "bounced"), ("push", "bounced"), ("sms", "accepted")]
    assert sorted(at.messenger.texts(SMS)) == ["【Tapwealth】paid。", "【Tapwealth】signed in。"], (
        "a fund's news are not worth a text message"
    )


async def test_a_bounce_goes_on_over_the_next_channel_and_a_late_delivery_takes_it_back(at: NoticeTown) -> None:
    wang = await at.customer("Wang")
    await at.clock(shanghai(MONDAY, 21, 59, 59))
    await at.tell(notice(wang, "paid"))
    await outgoing.route(at.house)
    (push,) = await at.turn(PUSH)
    await at.clock(shanghai(MONDAY, 22))
    await outgoing.hear(at.house, [(push.row.key, Said(Fate.BOUNCED, "gone"))] * 2)
    assert await at.states() == [("push", "bounced"), ("sms", "waiting")]
    assert await at.turn(SMS) == [], "no text message at night"
    await outgoing.hear(at.house, [(push.row.key, Said(Fate.DELIVERED)), (push.row.key, Said(Fate.BOUNCED))])
    assert await at.states() == [("push", "delivered"), ("sms", "withdrawn")]
    await at.clock(shanghai(MONDAY, 32))
    await at.work()
    assert at.messenger.texts(SMS) == []


async def test_what_fails_everywhere_is_given_up_and_stays_in_the_inbox(at: NoticeTown) -> None:
    wang = await at.customer("Wang")
    at.messenger.dead |= {PHONE}
    at.messenger.silent |= {PUSH}
    await at.tell(notice(wang, "paid"))
    for _ in range(2 * MOST_TRIES):
        await at.work()
        at.later(timedelta(hours=1))
    assert await at.states() == [("push", "given_up"), ("sms", "bounced")]
    assert len(at.messenger.submissions + at.messenger.inquiries) == MOST_TRIES + 2
    assert await at.now() == shanghai(MONDAY, 9)


@pytest.mark.parametrize(
    ("hour", "minute", "second", "day", "goes"),
    [
        (21, 59, 59, 0, "2014-02-24T13:59:59+00:00"),
        (22, 0, 0, 0, "2014-02-25T00:00:00+00:00"),
        (23, 59, 59, 0, "2014-02-25T00:00:00+00:00"),
        (0, 0, 0, 1, "2014-02-25T00:00:00+00:00"),
        (7, 59, 59, 1, "2014-02-25T00:00:00+00:00"),
        (8, 0, 0, 1, "2014-02-25T00:00:00+00:00"),
    ],
)
async def test_phones_are_left_alone_at_night_but_for_security(
    at: NoticeTown, hour: int, minute: int, second: int, day: int, goes: str
) -> None:
    wang = await at.customer("Wang")
    told_at, wanted = shanghai(MONDAY + timedelta(days=day), hour, minute, second), datetime.fromisoformat(goes)
    await at.clock(told_at)
    await at.tell(notice(wang, "paid"), notice(wang, "signed in", NoticeKind.SECURITY))
    await at.work()
    assert len(at.messenger.texts(SMS)) == 1
    assert at.messenger.texts(PUSH).count("paid。") == (1 if wanted == told_at else 0)
    if wanted > told_at:
        await at.clock(wanted - timedelta(microseconds=1))
        await at.work()
        assert at.messenger.texts(PUSH) == ["signed in。"]
        await at.clock(wanted)
        await at.work()
    assert sorted(at.messenger.texts(PUSH)) == ["paid。", "signed in。"]


async def test_what_did_not_get_off_before_night_waits_for_morning(at: NoticeTown) -> None:
    wang = await at.customer("Wang")
    await at.clock(shanghai(MONDAY, 21, 59, 59))
    at.messenger.script += ["error"]
    await at.tell(notice(wang, "paid"))
    await at.work()
    await at.clock(shanghai(MONDAY, 22))
    for _ in range(3):
        at.later(timedelta(minutes=1))
        await at.work()
    assert await at.states() == [("push", "waiting")]
    assert len(at.messenger.submissions) == 1
    await at.clock(shanghai(MONDAY, 32))
    await at.work()
    assert at.messenger.texts(PUSH) == ["paid。"]


async def test_the_same_words_are_sent_once_and_the_inbox_has_both(at: NoticeTown) -> None:
    wang = await at.customer("Wang")
    for minutes, event in enumerate(("one", "two", "three"), 0):
        await at.clock(shanghai(MONDAY, 9, 9 * minutes))
        await at.tell(notice(wang, event, NoticeKind.CARD, "mandates", words="limit reached"))
        await at.work()
    assert at.messenger.texts(PUSH) == ["limit reached。", "limit reached。"], "the third came after the window of the first"
    async with at.house.database.read() as tx:
        told = await tx.fetch("select message from notice order by turn")
    assert told[0] == told[1] != told[2]


async def test_several_at_once_come_as_one_and_a_subject_in_its_newest_words(at: NoticeTown) -> None:
    wang = await at.customer("Wang")
    await at.clock(shanghai(MONDAY, 23))
    await at.tell(notice(wang, "not known", link="payments/1"))
    await at.work()
    await at.tell(notice(wang, "paid", link="payments/1"))
    await at.work()
    await at.clock(shanghai(MONDAY, 32))
    await at.work()
    assert at.messenger.texts(PUSH) == ["paid。"]
    await at.tell(notice(wang, "a", link="payments/2"), notice(wang, "b", link="payments/3"), notice(wang, "c", NoticeKind.FUND))
    await at.work()
    assert sorted(at.messenger.texts(PUSH)) == ["c。", "paid。", "您有 2 条新通知，最新一条：b。"], "over the same channels"


async def test_more_than_an_hour_bears_is_put_together_and_comes_when_there_is_room(at: NoticeTown) -> None:
    wang = await at.customer("Wang")
    for number in range(MOST_AN_HOUR[PUSH] + 5):
        await at.clock(shanghai(MONDAY, 9, 0, number))
        await at.tell(notice(wang, f"n{number}"))
        await at.work()
    assert len(at.messenger.texts(PUSH)) == MOST_AN_HOUR[PUSH]
    await at.clock(shanghai(MONDAY, 9, 59, 59))
    await at.work()
    assert len(at.messenger.texts(PUSH)) == MOST_AN_HOUR[PUSH]
    await at.clock(shanghai(MONDAY, 10))
    await at.work()
    assert at.messenger.texts(PUSH)[MOST_AN_HOUR[PUSH] :] == ["您有 5 条新通知，最新一条：n34。"]


async def test_security_is_limited_too_and_never_by_others(at: NoticeTown) -> None:
    wang = await at.customer("Wang")
    for number in range(MOST_AN_HOUR[SMS] + 3):
        await at.clock(shanghai(MONDAY, 23, 0, number))
        await at.tell(notice(wang, f"s{number}", NoticeKind.SECURITY), notice(wang, f"b{number}"))
        await at.work()
    assert len(at.messenger.texts(SMS)) == MOST_AN_HOUR[SMS]
    await at.clock(shanghai(MONDAY, 24, 0, 0))
    await at.work()
    assert len(at.messenger.texts(SMS)) == MOST_AN_HOUR[SMS] + 1


async def test_what_is_switched_off_stays_in_the_inbox_and_the_language_is_theirs(at: NoticeTown) -> None:
    wang = await at.customer("Wang")
    chosen = Preferences("en").with_choice(NoticeKind.FUND, push=False, sms=True).with_choice(NoticeKind.BILL, push=False, sms=True)
    async with at.house.database.transaction() as tx:
        await delivery_store.keep_preferences(tx, wang.book, wang.id, chosen)
    await at.tell(notice(wang, "dividend", NoticeKind.FUND), notice(wang, "paid"))
    await at.work()
    assert at.messenger.texts(SMS) == ["【Tapwealth】paid."]
    assert at.messenger.texts(PUSH) == []
    async with at.house.database.read() as tx:
        assert not await delivery_store.unrouted(tx, at.house.all_books)
        assert (await delivery_store.preferences(tx, [(wang.book, wang.id)]))[wang.book, wang.id] == chosen


async def test_a_channel_that_is_dead_holds_up_no_other(at: NoticeTown) -> None:
    people = [await at.customer(f"P{number}") for number in range(5)]
    at.messenger.silent |= {PUSH}
    await at.tell(*(notice(one, "signed in", NoticeKind.SECURITY) for one in people))
    await at.work()
    assert len(at.messenger.texts(SMS)) == 5
    at.messenger.silent.clear()
    for _ in range(3):
        at.later(timedelta(minutes=1))
        await at.work()
    assert len(at.messenger.texts(PUSH)) == 5


async def test_a_messenger_that_is_back_is_not_left_alone_until_long_pauses_end(at: NoticeTown) -> None:
    wang = await at.customer("Wang")
    at.messenger.silent |= {PUSH}
    await at.tell(notice(wang, "paid"))
    for _ in range(12):
        await at.work()
        at.later(timedelta(hours=1))
    await at.work()
    at.messenger.silent.clear()
    at.later(timedelta(seconds=10))
    assert await at.turn(PUSH) == []
    await outgoing.hasten(at.house, PUSH)
    await at.work()
    assert at.messenger.texts(PUSH) == ["paid。"]


async def test_a_report_that_never_comes_is_asked_for_and_that_has_an_end(at: NoticeTown) -> None:
    wang, li = await at.customer("Wang"), await at.customer("Li")
    await at.tell(notice(wang, "paid"))
    await at.work()
    at.later(timedelta(minutes=1))
    await at.work()
    assert await at.states() == [("push", "delivered")]
    await at.tell(notice(li, "paid"))
    await at.work()
    at.messenger.silent |= {PUSH}
    for _ in range(MOST_ASKED + 5):
        at.later(timedelta(hours=1))
        await at.work()
    assert await at.states(li) == [("push", "accepted")]
    assert len(at.messenger.inquiries) == 1 + MOST_ASKED
    assert len(at.messenger.submissions) == 2


async def test_two_workers_at_once_send_nothing_twice(at: NoticeTown) -> None:
    people = [await at.customer(f"P{number}") for number in range(20)]
    await at.tell(*(notice(one, f"{kind}", kind) for one in people for kind in (NoticeKind.BILL, NoticeKind.SECURITY)))
    await asyncio.gather(*(outgoing.route(at.house) for _ in range(4)))
    while any(await asyncio.gather(*(at.turn(channel, 7) for channel in Channel for _ in range(3)))):
        pass
    assert len(at.messenger.submissions) == len(set(at.messenger.submissions)) == 60
    assert len(at.messenger.came) == 60


async def test_what_one_worker_routes_the_other_leaves_alone(at: NoticeTown) -> None:
    wang = await at.customer("Wang")
    await at.tell(notice(wang, "paid"))
    async with at.house.database.transaction() as tx:
        await delivery_store.lock_routers(tx, at.house.all_books)  # its rows are there from now on
    async with at.house.database.transaction() as tx:
        books = await delivery_store.lock_routers(tx, at.house.all_books)
        notices = await delivery_store.to_route(tx, books, 10)
        assert await asyncio.create_task(_apart(at)) == 0, "another worker, meanwhile"
        now = await at.now()
        known = await delivery_store.known_of(tx, {(wang.book, wang.id)}, now)
        await delivery_store.write(tx, outgoing.plan(notices, known, now))
    await at.work()
    assert at.messenger.texts(PUSH) == ["paid。"]


async def _apart(at: NoticeTown) -> int:
    in_transaction.set(False)
    return await outgoing.route(at.house)


async def test_a_messenger_that_forgets_all_it_accepts_is_given_up_on(at: NoticeTown) -> None:
    wang = await at.customer("Wang")
    at.messenger.script += ["forget"] * 99
    await at.tell(notice(wang, "dividend", NoticeKind.FUND))
    for _ in range(2 * MOST_TRIES):
        await at.work(rounds=1)
        at.later(timedelta(hours=1))
    assert await at.states() == [("push", "given_up")]
    assert len(at.messenger.submissions) == MOST_ASKED


async def test_a_storm_is_routed_and_drained_set_wise(at: NoticeTown, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [await at.customer(f"P{number}") for number in range(100)]
    counted: list[int] = []

    def counting(flow: Any) -> Any:
        async def run(tx: Any, *given: Any, **more: Any) -> Any:
            counter = Counting(tx)
            try:
                return await flow(counter, *given, **more)
            finally:
                counted.append(counter.statements)

        return run

    for name in ("lock_routers", "to_route", "known_of", "write", "take_due", "take_waiting", "words_of", "lock", "update", "withdraw"):
        monkeypatch.setattr(delivery_store, name, counting(getattr(delivery_store, name)))
    await at.tell(*(notice(one, f"n{number}", list(NoticeKind)[number % 2 + 1]) for number in range(100) for one in people))
    routed = 0
    while count := await outgoing.route(at.house):
        routed += count
    assert routed == 10_000
    turns = 0
    while await at.turn(PUSH):
        turns += 1
    assert sum(counted) <= 16 * 6 + 14 * (turns + 1)
    assert {one.split("，")[0] for one in at.messenger.texts(PUSH)} >= {"您有 99 条新通知"}


@pytest.mark.parametrize("befalls", ["stop", "stop_after", "error", "error_after", "forget"])
async def test_a_kill_while_sending_neither_loses_nor_doubles(at: NoticeTown, befalls: str) -> None:
    wang = await at.customer("Wang")
    at.messenger.script += [befalls]
    await at.tell(notice(wang, "paid"))
    try:
        await at.work()
    except Stopped:
        assert await at.states() == [("push", "sent")]
    for _ in range(4):
        at.later(LEASE + timedelta(minutes=1))
        await at.work()
    assert at.messenger.texts(PUSH) == ["paid。"]
    assert await at.states() == [("push", "delivered")]

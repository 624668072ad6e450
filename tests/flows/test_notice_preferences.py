"""What comes to the phone is chosen once and only as its kind allows, seen on every way, and operators see what has not arrived."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from bill_town import MONDAY, NINE, Person, Town
from customer_line import customer_line
from notice_town import NoticeTown, notice, with_messenger

from tapwealth.flows.notices import preferences, undelivered
from tapwealth.flows.notices.preferences import ChooseNotices, KindChoice, NoticePreferences
from tapwealth.flows.notices.undelivered import UndeliveredLine
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import Refusal
from tapwealth.notices.choice import NoticeRefusal
from tapwealth.notices.messenger import Channel
from tapwealth.notices.notice import NoticeKind

PUSH, SMS = Channel.PUSH, Channel.SMS


@pytest.fixture
def at(place: Town, monkeypatch: pytest.MonkeyPatch) -> NoticeTown:
    return with_messenger(place, monkeypatch.setattr, datetime(2026, 1, 1, tzinfo=UTC))


async def choose(at: NoticeTown, person: Person, *choices: tuple[NoticeKind, bool, bool], language: Any = None, key: Any = None) -> Any:
    command = ChooseNotices([KindChoice(*one) for one in choices], language)
    return await preferences.choose(at.house, at.place.envelope(person, key=key), command)


def on(shown: NoticePreferences) -> dict[str, str]:
    return {one.kind.value: f"{'p' if one.push else ''}{'s' if one.sms else ''}" for one in shown.kinds}


async def test_a_choice_stands_until_the_next_and_only_for_its_kind(at: NoticeTown) -> None:
    wang, key = await at.customer("Wang"), uuid4()
    first = await choose(at, wang, (NoticeKind.FUND, False, False), (NoticeKind.BILL, False, True), language="en", key=key)
    assert on(first) == {"security": "ps", "card": "ps", "bill": "s", "fund": "", "insurance": "p", "deposit": "p"}
    assert first.language == "en"
    second = await choose(at, wang, (NoticeKind.FUND, True, False))
    assert on(second) == {"security": "ps", "card": "ps", "bill": "s", "fund": "p", "insurance": "p", "deposit": "p"}
    assert await choose(at, wang, (NoticeKind.FUND, False, False), (NoticeKind.BILL, False, True), language="en", key=key) == first
    async with at.house.database.read() as tx:
        assert await preferences.shown(tx, wang.book, wang.id) == second, "a repetition changes nothing"
    await at.tell(notice(wang, "paid"), notice(wang, "dividend", NoticeKind.FUND))
    await at.work()
    assert (at.messenger.texts(PUSH), at.messenger.texts(SMS)) == (["dividend."], ["【Tapwealth】paid."])


@pytest.mark.parametrize("dead", [False, True])
async def test_what_must_be_known_comes_though_its_kind_is_switched_off(at: NoticeTown, dead: bool) -> None:
    """By push, and as a text message if that fails; at night it waits like the others."""
    wang = await at.customer("Wang", phones=0 if dead else 1)
    await choose(at, wang, (NoticeKind.FUND, False, False), (NoticeKind.INSURANCE, False, False), language="en")
    await at.clock(shanghai(MONDAY, 23))
    told = ((NoticeKind.FUND, "units taken", True), (NoticeKind.FUND, "dividend", False), (NoticeKind.INSURANCE, "issued", False))
    await at.tell(*(notice(wang, words, kind, obligatory=must) for kind, words, must in told))
    await at.work()
    assert at.messenger.came == []
    await at.clock(shanghai(MONDAY + timedelta(days=1), 8))
    await at.work(4)
    assert (at.messenger.texts(PUSH), at.messenger.texts(SMS)) == (([], ["【Tapwealth】units taken."]) if dead else (["units taken."], []))


@pytest.mark.parametrize("kind", [NoticeKind.SECURITY, NoticeKind.CARD, NoticeKind.BILL])
async def test_what_touches_money_and_safety_is_always_told(at: NoticeTown, kind: NoticeKind) -> None:
    wang = await at.customer("Wang")
    refused = await choose(at, wang, (NoticeKind.FUND, False, False), (kind, False, False), language="en")
    assert isinstance(refused, Refusal)
    assert refused.code is NoticeRefusal.MUST_BE_TOLD
    async with at.house.database.read() as tx:
        stands = await preferences.shown(tx, wang.book, wang.id)
    assert on(stands) == {"security": "ps", "card": "ps", "bill": "ps", "fund": "p", "insurance": "p", "deposit": "p"}, "all of it or none"
    assert stands.language == "zh"


@pytest.mark.parametrize("kind", [NoticeKind.FUND, NoticeKind.INSURANCE, NoticeKind.DEPOSIT])
async def test_what_is_not_worth_a_text_message_is_refused_one(at: NoticeTown, kind: NoticeKind) -> None:
    refused = await choose(at, await at.customer("Wang"), (kind, True, True))
    assert isinstance(refused, Refusal)
    assert refused.code is NoticeRefusal.NO_TEXT_MESSAGES


async def test_operators_see_what_has_not_arrived_since_when_and_why(at: NoticeTown) -> None:
    people = [await at.customer(f"P{number}") for number in range(4)]
    at.messenger.script += ["error", "error_after"]
    await at.tell(*(notice(one, "paid") for one in people[:3]))
    await at.work()
    await at.clock(shanghai(MONDAY, 22))
    await at.tell(notice(people[3], "paid"))
    await at.work()
    await at.tell(notice(people[0], "later"))
    async with at.house.database.read() as tx:
        seen = await undelivered.view(tx)
    night = shanghai(MONDAY, 22)
    assert seen.unrouted == 1
    assert seen.deliveries == [
        UndeliveredLine("push", "accepted", "已受理", "accepted, not reported yet", 1, NINE, ""),
        UndeliveredLine("push", "held", "等待时段", "waits for its hour", 1, night, ""),
        UndeliveredLine("push", "sent", "结果未知", "outcome not known", 2, NINE, "HTTP status 500"),
    ]


async def test_what_failed_is_seen_for_a_week(at: NoticeTown) -> None:
    wang = await at.customer("Wang", phones=0)
    await at.tell(notice(wang, "dividend", NoticeKind.FUND))
    await at.work()

    async def seen() -> list[tuple[str, int, str]]:
        async with at.house.database.read() as tx:
            return [(one.state, one.count, one.why) for one in (await undelivered.view(tx)).deliveries]

    await at.clock(NINE + timedelta(days=7) - timedelta(seconds=1))
    assert await seen() == [("bounced", 1, "no phone acts for this customer")]
    await at.clock(NINE + timedelta(days=7))
    assert await seen() == []


@pytest.fixture
async def call(at: NoticeTown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Any]:
    """`tapwealth notices` of somebody with two notices: its exit code and all that it said."""
    async with customer_line(at.place, tmp_path, monkeypatch, capsys) as line:
        await at.tell(notice(line.person, "one"), notice(line.person, "two"))

        async def run(*arguments: str) -> tuple[int, str]:
            done = await line.call("notices", *arguments)
            return done.code, done.out + done.err

        yield run


async def test_a_customer_reads_and_chooses_on_the_command_line(call: Any) -> None:
    code, said = await call("list")
    newest, oldest = said.splitlines()
    assert code == 0
    assert newest.startswith("* ")
    assert newest.endswith("bill: two. two。")
    which = newest.split()[1]
    assert await call("list", "--before", which) == (0, oldest + "\n")
    assert await call("read", which) == (0, "1 not opened\n")
    assert (await call("list"))[1].splitlines()[0].startswith("  ")
    assert await call("read") == (0, "0 not opened\n")
    code, said = await call("choose", "--kind", "bill", "--no-push", "--sms", "--language", "en")
    assert (code, said.splitlines()[0]) == (0, "language en")
    assert "bill (bills): sms, obligatory" in said
    assert await call("preferences") == (0, said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("choose", "--kind", "bill", "--no-push"), "bill cannot be switched off altogether"),
        (("choose", "--kind", "fund", "--sms"), "fund is told by push messages alone"),
        (("choose", "--kind", "pigeons"), "pigeons"),
        (("choose",), "nothing is chosen"),
        (("choose", "--language", "fr"), "fr"),
        (("list", "--before", "x"), "is no notice"),
        (("read", "x"), "notices"),
    ],
)
async def test_what_cannot_be_is_said_in_one_line(call: Any, arguments: tuple[str, ...], said: str) -> None:
    code, told = await call(*arguments)
    assert (code, told.count("\n")) == (1, 1)
    assert said in told

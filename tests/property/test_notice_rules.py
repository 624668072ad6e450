"""The rules of notices on their way to phones: texts, quiet hours, limits, and what is heard in any order."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tapwealth.kernel.clock import SHANGHAI, shanghai
from tapwealth.notices.choice import HOUR, MOST_AN_HOUR, RULES, Preferences, after_quiet, is_quiet, slot
from tapwealth.notices.delivery import MOST_ASKED, MOST_TRIES, OVER, Delivery, Message, State, heard
from tapwealth.notices.messenger import Channel, Fate, Said
from tapwealth.notices.notice import NoticeKind
from tapwealth.notices.wording import ALONE, CHAINED, LONGEST_PUSH, MOST_SEGMENTS, for_channel, in_words, segments, units, without_numbers

START = datetime.fromisoformat("2014-02-24T01:00:00+00:00")
INSTANTS = st.integers(0, 14 * 86_400).map(lambda seconds: START + timedelta(seconds=seconds))
CARD = st.from_regex(r"[1-9][0-9]{12,18}", fullmatch=True)
IDENTITY = st.from_regex(r"[1-9][0-9]{16}[0-9X]", fullmatch=True)
TELEPHONE = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
PUBLIC = st.from_regex(
    r"¥[0-9]{1,3}(,[0-9]{3}){0,3}\.[0-9]{2}|20[0-9]{2}-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]|[0-9]{1,10}", fullmatch=True
)


@given(st.text(), CARD | IDENTITY | TELEPHONE, st.text(), st.sampled_from(Channel))
def test_no_full_number_of_a_card_a_person_or_a_telephone_is_sent(before: str, number: str, after: str, channel: Channel) -> None:
    assert number not in for_channel(f"{before}{number}{after}", channel)[0]


@given(CARD, st.sampled_from(" -"))
def test_nor_one_written_in_groups(number: str, between: str) -> None:
    grouped = between.join(number[start : start + 4] for start in range(0, len(number), 4))
    safe = without_numbers(f"card {grouped} paid")
    assert number[:-4] not in safe.replace(between, "")
    assert grouped not in safe


@given(PUBLIC)
def test_amounts_days_and_short_numbers_are_told_in_full(figure: str) -> None:
    assert without_numbers(f"于 {figure} 付") == f"于 {figure} 付"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=400), st.integers(1, 99), st.sampled_from(["zh", "en"]))
def test_a_text_fits_what_its_channel_takes_and_its_segments_are_counted(text: str, subjects: int, language: str) -> None:
    told = in_words(text, subjects, language)
    sms, cost = for_channel(told, Channel.SMS)
    assert cost == segments(sms) <= MOST_SEGMENTS
    assert units(sms) <= (ALONE if cost == 1 else cost * CHAINED)
    sms.encode("utf-16-be")
    push, one = for_channel(told, Channel.PUSH)
    assert len(push) <= LONGEST_PUSH
    assert one == 1


@given(INSTANTS)
def test_nothing_goes_at_night_and_by_day_nothing_waits(now: datetime) -> None:
    local = now.astimezone(SHANGHAI)
    assert is_quiet(now) == (not 8 <= local.hour < 22)
    goes = after_quiet(now)
    assert not is_quiet(goes)
    assert (goes == now) != is_quiet(now)
    assert goes - now <= timedelta(hours=10)


def test_the_edges_of_the_night() -> None:
    day = START.date()
    for at, quiet in [((21, 59, 59), False), ((22, 0, 0), True), ((24, 0, 0), True), ((31, 59, 59), True), ((32, 0, 0), False)]:
        instant = shanghai(day, 0) + timedelta(hours=at[0], minutes=at[1], seconds=at[2])
        assert is_quiet(instant) is quiet, at
    assert after_quiet(shanghai(day, 22)) == shanghai(day, 32)
    assert after_quiet(shanghai(day, 24)) == shanghai(day, 32)


@given(st.lists(INSTANTS, min_size=1, max_size=80), st.sampled_from(Channel), st.booleans())
def test_no_hour_holds_more_than_its_limit(told: list[datetime], channel: Channel, urgent: bool) -> None:
    taken: list[datetime] = []
    for now in sorted(told):
        goes = slot(now, channel, [one for one in taken if one > now - HOUR], urgent=urgent)
        assert goes >= now
        assert urgent or not is_quiet(goes)
        assert urgent or goes > now or not is_quiet(now)
        taken.append(goes)
    assert all(first <= second for first, second in pairwise(taken))
    most = MOST_AN_HOUR[channel]
    assert all(last - first >= HOUR for first, last in zip(taken, taken[most:], strict=False))


@given(st.lists(st.tuples(st.sampled_from(NoticeKind), st.booleans(), st.booleans()), max_size=10))
def test_what_is_chosen_last_is_what_comes(choices: list[tuple[NoticeKind, bool, bool]]) -> None:
    chosen = Preferences()
    for kind, push, sms in choices:
        chosen = chosen.with_choice(kind, push=push, sms=sms)
    last = {kind: (push, sms) for kind, push, sms in choices}
    for kind in NoticeKind:
        push, sms = last.get(kind, (True, True))
        assert chosen.channels(kind) == tuple(
            channel for channel, on in ((Channel.PUSH, push), (Channel.SMS, sms and RULES[kind].text)) if on
        )


SAID = st.sampled_from([Said(fate, "x") for fate in Fate])


def fresh() -> Delivery:
    message = Message(1, UUID(int=5), UUID(int=6), False, (Channel.PUSH, Channel.SMS), ("bill x",), UUID(int=7), START)
    return message.delivery(Channel.PUSH, START)


@given(st.lists(SAID, max_size=60))
def test_whatever_is_heard_in_whatever_order_a_delivery_ends_and_delivered_is_for_good(said: list[Said]) -> None:
    row, delivered = fresh(), False
    for one in [*said, *([Said(Fate.UNKNOWN)] * (MOST_TRIES + MOST_ASKED + 4))]:
        if row.state is State.WAITING:
            row = replace(row, state=State.SENT, tries=row.tries + 1, next_at=START)
        elif row.next_at is not None:
            row = replace(row, tries=row.tries + (row.state is State.SENT), asked=row.asked + (row.state is State.ACCEPTED))
        delivered |= one.fate is Fate.DELIVERED
        row = heard(row, one, START, START)
        assert (row.state is State.DELIVERED) == delivered
        assert (row.ended_at is not None) == (row.state in OVER)
        assert row.tries <= MOST_TRIES + 1
        assert row.asked <= MOST_ASKED
    assert row.next_at is None, "looked after no more"
    assert row.state in OVER | {State.ACCEPTED}

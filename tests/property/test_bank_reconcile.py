"""Reconciliation: an honest day is proved; every alteration of one message is named; no random alteration passes in silence."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.bank.reconcile import BreakKind, Match, Movement, OpenInstruction, OurDay, Outstanding, Reconciliation, Verdict, reconcile
from tapwealth.bank.statement import Statement, StatementLine, booking_name

DAY = date(2014, 2, 24)
ONE = timedelta(days=1)
ACCOUNT = "0100000001"
AMOUNTS = st.integers(1, 10**9).flatmap(lambda amount: st.sampled_from((amount, -amount)))
OPENINGS = st.integers(-(10**9), 10**12)


def line(name: str, amount: int, reference: str = "", day: date = DAY) -> StatementLine:
    return StatementLine(reference or f"B-{name}", name, amount, day)


def statement_of(opening: int, lines: tuple[StatementLine, ...], day: date = DAY) -> Statement:
    return Statement(ACCOUNT, day, opening, opening + sum(one.amount for one in lines), lines)


def day_of(opening: int, amounts: dict[str, int], **more) -> OurDay:
    movements = tuple(Movement(name, amount) for name, amount in amounts.items())
    return OurDay(ACCOUNT, DAY, opening, opening + sum(amounts.values()), movements, **more)


@st.composite
def honest_days(draw) -> tuple[OurDay, Statement]:
    """Both sides of a day on which nothing went wrong, in any order, with parts of payments in several books and payments in transit."""
    opening = draw(OPENINGS)
    amounts = draw(st.dictionaries(st.from_regex(r"[A-Z]{1,3}-[0-9]{1,3}", fullmatch=True), AMOUNTS, min_size=1, max_size=8))
    movements = []
    for name, amount in amounts.items():
        part = draw(st.integers(-(10**9), 10**9))
        movements += [Movement(name, part), Movement(name, amount - part)] if draw(st.booleans()) else [Movement(name, amount)]
    lines = draw(st.permutations([line(name, amount) for name, amount in amounts.items()]))
    transit = draw(
        st.lists(
            st.builds(OpenInstruction, st.from_regex(r"open-[0-9]{1,3}", fullmatch=True), AMOUNTS, st.just(DAY + ONE)),
            max_size=3,
            unique_by=lambda one: one[0],
        )
    )
    ours = OurDay(ACCOUNT, DAY, opening, opening + sum(amounts.values()), tuple(draw(st.permutations(movements))), tuple(transit))
    return ours, statement_of(opening, tuple(lines))


def consistent(statement: Statement) -> Statement:
    """The statement with a closing balance that fits its lines: the bank itself believes it."""
    return statement_of(statement.opening, statement.lines, statement.day)


def explained(ours: OurDay, statement: Statement, found: Reconciliation) -> bool:
    """The balances differ by what is carried and by the named contradictions, by nothing else."""
    named = {one.kind: one.difference for one in found.breaks if one.item in ("opening balance", "closing balance", "mirror")}
    by_balances = sum(
        named.get(kind, 0)
        for kind in (BreakKind.OPENING_BALANCE_DIFFERS, BreakKind.CLOSING_BALANCE_DIFFERS, BreakKind.MIRROR_DOES_NOT_ADD_UP)
    )
    return statement.closing - ours.closing == sum(one.difference for one in found.carried) + by_balances


@given(honest_days())
def test_an_honest_day_is_proved(sides):
    ours, statement = sides
    found = reconcile(ours, statement)
    assert found.verdict is Verdict.PROVED
    assert found.breaks == found.carried == ()
    assert {(one.end_to_end_id, one.amount) for one in found.matches} == {(one.end_to_end_id, one.amount) for one in statement.lines}
    assert found.transit == tuple(sorted(ours.instructions))


ALTERATIONS = {
    "a line lost": (BreakKind.WE_HAVE_MORE, lambda lines: lines[1:]),
    "a line doubled": (BreakKind.DOUBLED, lambda lines: (lines[0], *lines)),
    "one fen more": (BreakKind.AMOUNT_DIFFERS, lambda lines: (with_amount(lines[0], lines[0].amount + 1 or 1), *lines[1:])),
    "the sign turned": (BreakKind.AMOUNT_DIFFERS, lambda lines: (with_amount(lines[0], -lines[0].amount), *lines[1:])),
    "another day": (
        BreakKind.WRONG_DAY,
        lambda lines: (StatementLine("B", lines[0].end_to_end_id, lines[0].amount, DAY + ONE), *lines[1:]),
    ),
    "a line nobody knows": (BreakKind.BANK_HAS_MORE, lambda lines: (line("STRANGER", 5), *lines)),
    "a line without an id": (BreakKind.BANK_HAS_MORE, lambda lines: (line("", -5, "FEE-1"), *lines)),
    "another id": (BreakKind.BANK_HAS_MORE, lambda lines: (line("STRANGER", lines[0].amount), *lines[1:])),
}


def with_amount(one: StatementLine, amount: int) -> StatementLine:
    return line(one.end_to_end_id, amount)


@pytest.mark.parametrize(("kind", "alter"), ALTERATIONS.values(), ids=ALTERATIONS.keys())
@given(sides=honest_days())
def test_each_altered_line_is_named(kind, alter, sides):
    ours, statement = sides
    altered = consistent(replace(statement, lines=alter(statement.lines)))
    found = reconcile(ours, altered)
    assert found.verdict is Verdict.UNPROVED
    touched = (Counter(altered.lines) - Counter(statement.lines)) | (Counter(statement.lines) - Counter(altered.lines))
    names = {booking_name(ACCOUNT, one.end_to_end_id, one.booked_on, one.reference) for one in touched}
    assert kind in {one.kind for one in found.breaks}
    assert {one.item for one in found.breaks} <= names
    for one in found.breaks:
        assert one.item in one.text
        assert ";" in one.text
        assert "\n" not in one.text
    assert explained(ours, altered, found)


@given(honest_days(), st.integers(1, 100))
def test_each_altered_balance_is_named(sides, fen):
    ours, statement = sides
    cases = [
        (ours, replace(statement, opening=statement.opening + fen), {BreakKind.OPENING_BALANCE_DIFFERS, BreakKind.CLOSING_BALANCE_DIFFERS}),
        (ours, replace(statement, closing=statement.closing + fen), {BreakKind.CLOSING_BALANCE_DIFFERS}),
        (ours, statement_of(statement.opening + fen, statement.lines), {BreakKind.OPENING_BALANCE_DIFFERS}),
        (replace(ours, closing=ours.closing + fen), statement, {BreakKind.MIRROR_DOES_NOT_ADD_UP}),
        (ours, replace(statement, account="0100000002"), {BreakKind.WRONG_STATEMENT}),
        (ours, replace(statement, day=DAY + ONE), {BreakKind.WRONG_STATEMENT}),
    ]
    for mine, theirs, kinds in cases:
        assert {one.kind for one in reconcile(mine, theirs).breaks} == kinds


@st.composite
def alterations(draw, statement: Statement) -> Statement:
    """One random change of the statement, whether the bank believes it or not."""
    lines = list(statement.lines)
    at = draw(st.integers(0, len(lines) - 1)) if lines else None
    other = draw(
        st.builds(
            StatementLine,
            st.sampled_from("PQ"),
            st.sampled_from(("", "NEW", "A-1", *(one.end_to_end_id for one in lines))),
            AMOUNTS,
            st.dates(DAY - ONE, DAY + ONE),
        )
    )
    what = draw(st.sampled_from(("insert", "drop", "replace", "amount", "double", "opening", "closing")))
    if what == "insert":
        lines.insert(0, other)
    elif what in ("opening", "closing"):
        return replace(statement, **{what: getattr(statement, what) + draw(AMOUNTS)})
    elif at is not None:
        changed = {"drop": [], "replace": [other], "amount": [with_amount(lines[at], other.amount)], "double": [lines[at]] * 2}
        lines[at : at + 1] = changed[what]
    altered = replace(statement, lines=tuple(lines))
    return consistent(altered) if draw(st.booleans()) else altered


def meaning(statement: Statement) -> tuple:
    """What a statement says about money: references and order aside."""
    said = Counter((one.end_to_end_id, one.amount, one.booked_on) for one in statement.lines)
    return statement.opening, statement.closing, frozenset(said.items())


@given(honest_days(), st.data())
def test_no_alteration_passes_in_silence(sides, data):
    """Several random changes on top of each other: proved exactly if the statement means what it meant before."""
    ours, statement = sides
    altered = statement
    for _ in range(data.draw(st.integers(1, 4))):
        altered = data.draw(alterations(altered))
    found = reconcile(ours, altered)
    assert (found.verdict is Verdict.PROVED) == (meaning(altered) == meaning(statement))
    assert explained(ours, altered, found)


@given(honest_days(), st.data())
def test_no_slip_of_our_own_passes_in_silence(sides, data):
    """A movement lost, doubled or changed here is named too."""
    ours, statement = sides
    movements = list(ours.movements)
    at = data.draw(st.integers(0, len(movements) - 1))
    name, amount = movements[at]
    amount = amount or 1
    movements[at : at + 1] = data.draw(
        st.sampled_from(([], [Movement(name, amount)] * 3, [Movement(name, amount + 1)], [Movement("ELSE", amount)]))
    )
    slipped = replace(ours, movements=tuple(movements), closing=ours.opening + sum(one.amount for one in movements))
    found = reconcile(slipped, statement)
    same = _sums(slipped) == _sums(ours)
    assert (found.verdict is Verdict.PROVED) == same
    assert explained(slipped, statement, found)


def _sums(ours: OurDay) -> Counter:
    sums: Counter = Counter()
    for name, amount in ours.movements:
        sums[name] += amount
    return Counter({name: amount for name, amount in sums.items() if amount})


def test_an_instruction_without_an_answer():
    """Lost at the bank; booked but not answered; booked with another amount; not due yet."""
    open_one = OpenInstruction("OUT-1", -500, DAY)
    ours = day_of(1000, {}, instructions=(open_one,))
    cases = [
        (statement_of(1000, ()), [BreakKind.NOT_EXECUTED]),
        (statement_of(1000, (line("OUT-1", -500),)), [BreakKind.ANSWER_MISSING]),
        (statement_of(1000, (line("OUT-1", -501),)), [BreakKind.AMOUNT_DIFFERS]),
        (statement_of(1000, (line("OUT-1", -500), line("OUT-1", -500, "B-2"))), [BreakKind.DOUBLED]),
    ]
    for statement, kinds in cases:
        assert [one.kind for one in reconcile(ours, statement).breaks] == kinds
    later = replace(ours, instructions=(open_one._replace(due=DAY + ONE),))
    found = reconcile(later, statement_of(1000, ()))
    assert found.verdict is Verdict.PROVED
    assert [one.end_to_end_id for one in found.transit] == ["OUT-1"]
    early = reconcile(later, statement_of(1000, (line("OUT-1", -500),)))
    assert [one.kind for one in early.breaks] == [BreakKind.ANSWER_MISSING]
    assert early.transit == ()


def test_the_lines_of_a_break_read_well():
    ours = day_of(1000, {"IN-1": 125_000})
    (found,) = reconcile(ours, statement_of(1000, (line("IN-1", 125_001),))).breaks
    assert found.text == (
        "0100000001 on 2014-02-24, IN-1: the bank has 1,250.01, here it is 1,250.00;"
        " ask the bank which amount holds; correct the other side"
    )
    assert (found.ours, found.banks, found.difference) == (125_000, 125_001, 1)
    (twice,) = reconcile(day_of(0, {"IN-1": 10}), statement_of(0, (line("IN-1", 5),))).breaks
    assert "(posted twice here)" in twice.text


def test_what_is_booked_a_day_late_settles_what_stood_over():
    first = reconcile(day_of(1000, {"OUT-1": -300}), statement_of(1000, ()))
    assert [one.kind for one in first.breaks] == [BreakKind.WE_HAVE_MORE]
    assert first.carried == (Outstanding("OUT-1", 300, DAY),)
    ours = OurDay(ACCOUNT, DAY + ONE, 700, 700, outstanding=first.carried)
    second = reconcile(ours, statement_of(1000, (line("OUT-1", -300, day=DAY + ONE),), DAY + ONE))
    assert second.verdict is Verdict.PROVED
    assert second.matches == (Match("OUT-1", -300, DAY),)
    assert second.carried == ()
    wrong = reconcile(ours, statement_of(1000, (line("OUT-1", -301, day=DAY + ONE),), DAY + ONE))
    assert [one.kind for one in wrong.breaks] == [BreakKind.AMOUNT_DIFFERS]


@given(st.lists(st.tuples(AMOUNTS, st.integers(0, 3), st.integers(0, 3)), max_size=8), OPENINGS)
def test_days_of_delays_end_with_nothing_outstanding(payments, opening):
    """Each payment is booked here on one day and at the bank on another; every gap is named when it opens and settled when it closes."""
    ours_at = bank_at = opening
    carried: tuple[Outstanding, ...] = ()
    named = Counter()
    for number in range(4):
        day = DAY + number * ONE
        movements = tuple(Movement(f"P-{index}", amount) for index, (amount, here, _) in enumerate(payments) if here == number)
        lines = tuple(line(f"P-{index}", amount, day=day) for index, (amount, _, there) in enumerate(payments) if there == number)
        closing = ours_at + sum(one.amount for one in movements)
        ours = OurDay(ACCOUNT, day, ours_at, closing, movements, outstanding=carried)
        statement = statement_of(bank_at, lines, day)
        found = reconcile(ours, statement)
        assert explained(ours, statement, found)
        named.update(one.item for one in found.breaks)
        carried, ours_at, bank_at = found.carried, closing, statement.closing
    assert carried == ()
    assert named == Counter(f"P-{index}" for index, (_, here, there) in enumerate(payments) if here != there)

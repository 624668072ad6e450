"""Definitions' files of every kind: whatever one says is written and read again to the same bytes; and whatever is done to a file, it is
read as something that is so, or refused with its line."""

import re
import types
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import Enum
from typing import Any, Union, get_args, get_origin

import msgspec
import pytest
from biller_yaml import GAS_FILE
from deposit_files import DEMAND_FILE, FIXED_FILE
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from policy_files import ACCIDENT_FILE, TERM_LIFE_FILE
from product_files import FUND_FILE
from raise_files import RAISE_FILE
from wealth_town import WEALTH_FILE

from tapwealth.catalogue import reading
from tapwealth.catalogue.definition import ROW_OF, Definition, Shape, canonical, restored
from tapwealth.catalogue.reading import bare, read_definition, write_definition
from tapwealth.flows.catalogue.kinds import KINDS, shape_of
from tapwealth.flows.catalogue.products import read_file
from tapwealth.kernel.money import MAX_AMOUNT
from tapwealth.kernel.refusal import BadInput
from tapwealth.kernel.units import Unit

MONEY_FILE = """\
product: 000198
kind: money_fund
name: {zh: 货币, en: Money}
parameters: {registrar: H0, custody_account: 0200000001}
channels: {T01: {own: true, minimum_purchase: 1.00}}
eligibility: {risk_level: 1}
"""
FILES = (MONEY_FILE, FUND_FILE, RAISE_FILE, WEALTH_FILE, ACCIDENT_FILE, TERM_LIFE_FILE, DEMAND_FILE, FIXED_FILE, GAS_FILE)

# ---- any definition, from the types of its kind

LETTERS = st.sampled_from("aN0-:#'\"[]{}&*!|>%@`,?~.=\\ 一😀ÿ")
WORDS = st.sampled_from(
    ("", "null", "~", "yes", "true", "1e3", "0x1f", "1_0", "010", ".5", "2014-01-01", "12:30:00", "=", "<<", "- a", "a: b", " a ")
)
TEXT = WORDS | st.text(LETTERS, max_size=9)
MOST = {Unit.YUAN: MAX_AMOUNT - 1, Unit.SHARES: MAX_AMOUNT - 1, Unit.PERCENT: 9_999_999_999}
DAYS = st.dates(date(1990, 1, 1), date(2199, 12, 31))
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)) if minutes else UTC)
INSTANTS = st.builds(lambda day, at, zone: datetime.combine(day, at, zone), DAYS, st.times(), ZONES)


def any_of(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a type as definitions have them, within what is noted at it."""
    plain, notes = bare(kind)
    if get_origin(plain) in (Union, types.UnionType):
        return st.one_of([st.none() if one is type(None) else any_of(one) for one in get_args(plain)])
    if get_origin(plain) is list:
        return st.lists(any_of(get_args(plain)[0]), max_size=2)
    if get_origin(plain) is dict:
        return st.dictionaries(TEXT, any_of(get_args(plain)[1]), max_size=2)
    if issubclass(plain, msgspec.Struct):
        return st.fixed_dictionaries({one.name: any_of(one.type) for one in msgspec.structs.fields(plain)}).map(
            lambda values: plain(**values)
        )
    if issubclass(plain, Enum):
        return st.sampled_from(list(plain))
    known: dict[Any, Callable[[], st.SearchStrategy[Any]]] = {
        bool: st.booleans, date: lambda: DAYS, datetime: lambda: INSTANTS, time: st.times,
        int: lambda: _numbers(notes), str: lambda: _texts(notes),
    }  # fmt: skip
    return known[plain]()


def _numbers(notes: tuple[Any, ...]) -> st.SearchStrategy[int]:
    unit = next((one for one in notes if isinstance(one, Unit)), None)
    bounds = next((one for one in notes if isinstance(one, msgspec.Meta)), msgspec.Meta())
    least, most = (0, MOST[unit]) if unit else (-(10**17), 10**17)
    return st.integers(least if bounds.ge is None else int(bounds.ge), most if bounds.le is None else int(bounds.le))


def _texts(notes: tuple[Any, ...]) -> st.SearchStrategy[str]:
    bounds = next((one for one in notes if isinstance(one, msgspec.Meta)), msgspec.Meta())
    if bounds.pattern is not None:
        return st.from_regex(bounds.pattern.replace("$", r"\Z"), alphabet=st.characters(codec="ascii", exclude_categories=("Cc",)))
    return st.text(LETTERS, min_size=bounds.min_length or 0, max_size=9) if bounds.min_length or bounds.max_length else TEXT


SHAPED = ("kind", "parameters", "channels", "rates")


def definitions(kind: Any) -> st.SearchStrategy[Definition]:
    shape = KINDS[kind].shape
    fields = {one.name: any_of(one.type) for one in msgspec.structs.fields(Definition) if one.name not in SHAPED}
    fields |= {"kind": st.just(kind), "parameters": any_of(shape.parameters), "channels": st.dictionaries(TEXT, any_of(shape.channel))}
    tables = {name: st.lists(any_of(ROW_OF[unit]), max_size=2) for name, unit in shape.rates.items()}
    fields["rates"] = st.fixed_dictionaries({}, optional=tables)
    return st.fixed_dictionaries(fields).map(lambda values: Definition(**values))


@pytest.mark.parametrize("kind", KINDS)
def test_any_definition_is_written_and_read_again_to_the_same_bytes(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that could not be sold: what a kind demands besides its types is another matter."""
    monkeypatch.setattr(reading, "check", lambda _definition, _shape: None)
    shape = KINDS[kind].shape

    @settings(max_examples=25, phases=(Phase.explicit, Phase.reuse, Phase.generate))
    @given(definitions(kind))
    def law(definition: Definition) -> None:
        same(definition, shape, lambda content: read_definition(content, shape_of).definition)

    law()


def same(definition: Definition, shape: Shape, read: Callable[[bytes], Definition]) -> None:
    written = write_definition(definition, shape)
    assert read(written) == definition
    assert write_definition(read(written), shape) == written
    assert restored(canonical(definition), shape) == definition


# ---- any file

HOSTILE = (
    "", "~", "[]", "{}", "[", "}", ": ", "- ", "&a x", "*a", "!!int 1", "|", ">", "'", '"', "%", "@", "#", "\t", "\x00", "\u2028", "\ufeff",
    "-1", "0.001", "1e9", "1_000", "0x10", "9" * 30, "true", "null", "of: x", "2014-02-30", "9999-12-31", "2014-01-01T00:00:00",
    "24:00:00", "{of: accident}", "{of: []}", "[{}]", "? x", "---", "...", "x" * 2_000, "一",
)  # fmt: skip


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """A file of some kind with a few things done to it."""
    text = draw(st.sampled_from(FILES))
    for _ in range(draw(st.integers(1, 3))):
        lines = text.split("\n")
        at = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(("cut", "twice", "swap", "indent", "value", "value", "value", "letter", "end"))):
            case "cut":
                del lines[at]
            case "twice":
                lines.insert(at, lines[draw(st.integers(0, len(lines) - 1))])
            case "swap":
                lines[at] = draw(st.sampled_from(FILES)).split("\n")[at % 6]
            case "indent":
                lines[at] = " " * draw(st.integers(0, 9)) + lines[at].lstrip()
            case "value":
                spans = [one.span() for one in re.finditer(r"(?<=: )[^,}\n]+", text)] or [(0, 0)]
                first, last = draw(st.sampled_from(spans))
                lines = (text[:first] + draw(st.sampled_from(HOSTILE)) + text[last:]).split("\n")
            case "letter":
                place = draw(st.integers(0, len(lines[at])))
                lines[at] = lines[at][:place] + draw(st.sampled_from(HOSTILE)) + lines[at][place + draw(st.integers(0, 1)) :]
            case _:
                lines = [*lines[:at], lines[at][: draw(st.integers(0, 20))]]
        text = "\n".join(lines)
    return text.encode()


def test_there_is_a_file_of_every_kind() -> None:
    assert {read_file(one.encode()).definition.kind for one in FILES} == set(KINDS)


def tried(content: bytes) -> Definition | BadInput:
    try:
        return read_file(content).definition
    except BadInput as error:
        return error


@settings(max_examples=400)
@given(spoiled())
def test_whatever_is_done_to_a_file_it_is_right_or_refused_with_its_line(content: bytes) -> None:
    read = tried(content)
    if isinstance(read, BadInput):
        assert re.match(r"line \d+, column \d+.*: ", str(read)), str(read)
        assert "\n" not in str(read)
        return
    same(read, KINDS[read.kind].shape, lambda written: read_file(written).definition)

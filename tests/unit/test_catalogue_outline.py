"""A version's outline: whatever its kind's types are, each value is said in words, in a table where it can be, and nothing is left out."""

from datetime import time
from enum import StrEnum
from typing import Annotated, Any

import msgspec
import pytest

from tapwealth.catalogue import outline
from tapwealth.catalogue.compare import said, word_of
from tapwealth.catalogue.definition import Definition, Eligibility, Names, ProductKind, Shape
from tapwealth.catalogue.outline import Fact, Group, Table
from tapwealth.flows.catalogue.kinds import KINDS
from tapwealth.kernel.units import Days, Percent, Yuan


class Mode(StrEnum):
    EXACT = "exact"


class Range(msgspec.Struct, frozen=True, tag_field="mode", tag="range"):
    least: Yuan
    most: Yuan


class Preset(msgspec.Struct, frozen=True, tag_field="mode", tag="preset"):
    amounts: list[Yuan]


class Item(msgspec.Struct, frozen=True):
    code: str
    name: Names
    fee: Percent | None = None
    note: str = ""


class Part(msgspec.Struct, frozen=True):
    items: list[Item]


class Spoken(msgspec.Struct, frozen=True):
    """Says itself what it is."""

    digits: int = 10

    @property
    def in_words(self) -> tuple[str, str]:
        return f"{self.digits} 位数字", f"{self.digits} digits"


class Odd(msgspec.Struct, frozen=True):
    """Whatever a kind may come to have."""

    mode: Mode
    opens: time
    amount: Range | Preset
    amounts: list[Range | Preset]
    items: list[Item]
    parts: dict[str, Part]
    limits: dict[str, Yuan]
    codes: Annotated[list[str], msgspec.Meta(max_length=9)]
    cap: Yuan | None = None
    wait: Annotated[int, Days(("不等待", "no wait"))] = 0
    span: Annotated[int, Days(("一年", "a year"))] | None = None
    told: Spoken = Spoken()


SHAPE = Shape(
    Odd, Item, words={"mode": ("方式", "mode"), "exact": ("等额", "exactly"), "range": ("区间", "a range"), "items": ("项目", "items")}
)
ITEMS = [Item("W1", Names("水费", "Water"), 5_000), Item("W2", Names("污水费", "Sewage"))]
AMOUNTS: list[Range | Preset] = [Preset([10_00, 20_00])]
WHOLE = Odd(
    Mode.EXACT, time(9, 30), Range(100, 2_000_00), AMOUNTS, ITEMS, {"north": Part(ITEMS)}, {"day": 500_00}, ["310000", "11"]
)  # fmt: skip


def defined(parameters: Odd) -> Definition:
    return Definition("A1", ProductKind.FUND, Names("甲", "A"), parameters, {"T01": ITEMS[0], "996": ITEMS[1]})


def test_every_sort_of_value_is_said() -> None:
    said: dict[str, Any] = {entry.name[1]: entry for entry in outline.parameters(defined(WHOLE), SHAPE)}
    assert said["mode"] == Fact(("方式", "mode"), ("等额", "exactly"), "mode")
    assert said["opens"].value == ("09:30:00", "09:30:00")
    amount = said["amount"]
    assert isinstance(amount, Group)
    assert [entry.value[1] for entry in amount.entries if isinstance(entry, Fact)] == ["a range", "1.00 yuan", "2,000.00 yuan"]
    (preset,) = said["amounts"].entries
    assert preset.name == ("第1项", "no. 1")
    assert [entry.value[1] for entry in preset.entries] == ["preset", "10.00 yuan, 20.00 yuan"]
    assert said["codes"].value == ("310000、11", "310000, 11")
    assert said["cap"].value == ("无", "none")
    assert [said[name].value[1] for name in ("wait", "span", "told")] == ["no wait", "a year", "10 digits"]
    assert said["limits"].entries == [Fact(("day",) * 2, ("500.00 元", "500.00 yuan"), "day")]
    (north,) = said["parts"].entries
    assert isinstance(north, Group)
    assert north.entries[0] == said["items"]


@pytest.mark.parametrize(("days", "zh", "en"), [(1, "1 天", "1 day"), (90, "90 天", "90 days")])
def test_days_are_said_with_their_number(days: int, zh: str, en: str) -> None:
    said = outline.parameters(defined(msgspec.structs.replace(WHOLE, wait=days)), SHAPE)
    assert next(entry.value for entry in said if isinstance(entry, Fact) and entry.name[1] == "wait") == (zh, en)


@pytest.mark.parametrize(
    ("kind", "field", "value", "words"),
    [
        (ProductKind.INSURANCE, "insurer", "TPINS", ("太平洋保险（TPINS）", "Pacific Insurance (TPINS)")),
        (ProductKind.INSURANCE, "insurer", "OTHER", ("OTHER", "OTHER")),
        (ProductKind.DEPOSIT, "bank", "313100000013", ("北京银行 313100000013", "Bank of Beijing 313100000013")),
        (ProductKind.WEALTH_PRODUCT, "bank", "313100000013", ("北京银行 313100000013", "Bank of Beijing 313100000013")),
        (ProductKind.INSURANCE, "limit_per_loss", 0, ("以保额为限", "the sum insured")),
        (ProductKind.INSURANCE, "limit_per_loss", 10_000, ("100.00 元", "100.00 yuan")),
        (ProductKind.DEPOSIT, "maximum", 0, ("不限", "no limit")),
        (ProductKind.WEALTH_PRODUCT, "cap", 0, ("不限", "no limit")),
    ],
)
def test_who_is_behind_a_code_and_what_nothing_means_is_said(kind: ProductKind, field: str, value: Any, words: tuple[str, str]) -> None:
    shape = KINDS[kind].shape
    (of,) = [one.type for one in msgspec.structs.fields(shape.parameters) if one.name == field]
    assert said(value, of, shape) == words


def test_structs_of_one_type_are_a_table_without_the_columns_in_which_nothing_stands() -> None:
    table = next(entry for entry in outline.parameters(defined(WHOLE), SHAPE) if isinstance(entry, Table) and entry.name[1] == "items")
    assert table.fields == ["code", "name", "fee"]
    assert table.rows == [
        [("W1", "W1"), ("水费", "Water"), ("0.5%", "0.5%")],
        [("W2", "W2"), ("污水费", "Sewage"), ("无", "none")],
    ]
    channels = outline.channels(defined(WHOLE), SHAPE)
    assert isinstance(channels, Table)
    assert [row[0][0] for row in channels.rows] == ["T01", "996"]


def test_who_may_buy_is_said_as_people_say_it() -> None:
    one = Eligibility(kyc_class=2, youngest=18, oldest=65, risk_level=3, regions=["31", "110000"])
    assert [fact.value[1] for fact in outline.eligibility(one, SHAPE)] == ["class Ⅱ or better", "18 years", "65 years", "R3", "31, 110000"]
    assert outline.eligibility(Eligibility(), SHAPE) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_that_is_sold_has_an_outline_in_two_languages(kind: ProductKind) -> None:
    """Of each field of its parameters, by its types alone."""
    shape = KINDS[kind].shape
    for field in msgspec.structs.fields(shape.parameters):
        zh, en = word_of(field.encode_name, shape)
        assert zh != en, f"{field.encode_name} has no Chinese name"

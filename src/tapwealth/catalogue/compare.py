"""Two versions of a product compared in words, for the person who has to find the second one right."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any, NamedTuple, get_args, get_origin

import msgspec

from tapwealth.catalogue.definition import Definition, Shape
from tapwealth.catalogue.reading import bare
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.units import Called, Days, Unit, Zero, written_in

Words = tuple[str, str]
"""Chinese, English."""

_WORDS: Mapping[str, Words] = {
    "product": ("产品代码", "code"),
    "kind": ("产品类型", "kind"),
    "name": ("名称", "name"),
    "zh": ("中文", "Chinese"),
    "en": ("英文", "English"),
    "parameters": ("参数", "parameters"),
    "channels": ("渠道", "channel"),
    "rates": ("费率与价格", "rates"),
    "eligibility": ("准入条件", "who may buy"),
    "kyc_class": ("账户类别", "account class"),
    "youngest": ("最低年龄", "youngest"),
    "oldest": ("最高年龄", "oldest"),
    "risk_level": ("风险等级", "risk level"),
    "regions": ("销售地区", "regions"),
    "documents": ("披露文件", "document"),
    "title": ("标题", "title"),
    "language": ("语言", "language"),
    "sha256": ("文件哈希", "file's hash"),
    "sale": ("销售期", "sale"),
    "opens": ("开始", "opens"),
    "closes": ("结束", "closes"),
    "until": ("截止", "until"),
}


class Change(msgspec.Struct, frozen=True):
    """One difference, in Chinese and in English."""

    zh: str
    en: str


class Pair(NamedTuple):
    """A value in two versions, each None where it is not there. `section` is the field of a definition that it belongs to, `field` its own
    field's name."""

    section: str
    field: str
    name: Words
    former: Words | None
    later: Words | None
    differs: bool


def side_by_side(former: Definition, later: Definition, shape: Shape) -> list[Pair]:
    """Every value of both, in the order of a definition's file; within a field what only the former one has comes last."""
    before, after = dict(_facts(former, shape)), dict(_facts(later, shape))
    order = [field.name for field in msgspec.structs.fields(Definition)]
    paths = sorted(dict.fromkeys([*after, *before]), key=lambda path: order.index(path[0]))
    return [
        Pair(path[0], path[-1], _named(path[1:], shape), before.get(path), after.get(path), before.get(path) != after.get(path))
        for path in paths
    ]


def differences(former: Definition, later: Definition, shape: Shape) -> list[Change]:
    """What the later one says otherwise, what it adds and what it leaves out; in the order of a definition's file."""
    return [_change(one.name, one.former, one.later) for one in side_by_side(former, later, shape) if one.differs]


def _change(named: Words, old: Words | None, new: Words | None) -> Change:
    if old is None:
        assert new is not None, "a difference has two sides"
        return Change(f"{named[0]}：新增 {new[0]}", f"{named[1]}: {new[1]} is new")
    if new is None:
        return Change(f"{named[0]}：删除（原为 {old[0]}）", f"{named[1]}: {old[1]} is left out")
    return Change(f"{named[0]}：由 {old[0]} 改为 {new[0]}", f"{named[1]}: {old[1]} becomes {new[1]}")


Path = tuple[str, ...]


def _facts(one: Definition, shape: Shape) -> Iterator[tuple[Path, Words]]:
    """Every single value with the field that it belongs to and the names that lead to it from there."""
    for field in msgspec.structs.fields(Definition):
        for path, words in _facts_of(field.name, getattr(one, field.name), field.type, shape):
            yield (field.name, *path), words


def _facts_of(field: str, value: Any, kind: Any, shape: Shape) -> Iterator[tuple[Path, Words]]:
    match field:
        case "parameters":
            yield from _values((), value, shape.parameters, shape)
        case "channels":
            for code, terms in value.items():
                yield ("channels", f"={code}"), ("有", "there")
                yield from _values(("channels", f"={code}"), terms, shape.channel, shape)
        case "rates":
            for name, rows in value.items():
                for row in rows:
                    yield from _row((name, f"={row.first}"), row, shape.rates[name])
        case "documents":
            for document in value:
                named = ("documents", f"={document.title.zh} ({document.language})")
                yield (*named, "sha256"), (document.sha256[:12], document.sha256[:12])
        case _:
            yield from _values((field,), value, kind, shape)


def _row(path: Path, row: Any, unit: Unit) -> Iterator[tuple[Path, Words]]:
    yield path, amount(row.value, unit)
    if row.last is not None:
        yield (*path, "until"), (str(row.last), str(row.last))


def _values(path: Path, value: Any, kind: Any, shape: Shape) -> Iterator[tuple[Path, Words]]:
    plain, _ = bare(kind)
    if isinstance(value, msgspec.Struct):
        if (tag := value.__struct_config__.tag_field) is not None:
            named = str(value.__struct_config__.tag)
            yield (*path, tag), shape.words.get(named, (named, named))
        for field in msgspec.structs.fields(type(value)):
            yield from _values((*path, field.name), getattr(value, field.name), field.type, shape)
    elif isinstance(value, list):
        item = get_args(plain)[0] if get_origin(plain) is list else Any
        for number, one in enumerate(value, 1):
            yield from _values((*path, f"={number}"), one, item, shape)
    elif isinstance(value, dict):
        item = get_args(plain)[1] if get_origin(plain) is dict else Any
        for name, one in value.items():
            yield from _values((*path, f"={name}"), one, item, shape)
    else:
        yield path, said(value, kind, shape)


def said(value: Any, kind: Any, shape: Shape) -> Words:
    """A single value of that type in words: with its unit, a choice by its name."""
    plain, notes = bare(kind)
    noted = (*notes, *_inner_notes(plain))
    unit = next((one for one in noted if isinstance(one, Unit)), None)
    days = next((one for one in noted if isinstance(one, Days)), None)
    if days is not None:
        return (f"{value} 天", "1 day" if value == 1 else f"{value} days") if value else days.none
    if value is None or value == "":
        return "无", "none"
    if any(isinstance(one, Called) for one in noted):
        return shape.words.get(str(value), (str(value), str(value)))
    zero = next((one.means for one in noted if isinstance(one, Zero)), None)
    if value == 0 and zero is not None:
        return zero
    if isinstance(value, bool):
        return ("是", "yes") if value else ("否", "no")
    if isinstance(value, Enum):
        return shape.words.get(str(value.value), (str(value.value), str(value.value)))
    if isinstance(value, int) and unit is not None:
        return amount(value, unit)
    if isinstance(value, datetime | date):
        return value.isoformat(), value.isoformat()
    return str(value), str(value)


def _inner_notes(kind: Any) -> tuple[Any, ...]:
    """Of `X | None`: what is noted at X."""
    return tuple(note for one in get_args(kind) if one is not type(None) for note in bare(one)[1])


def amount(value: int, unit: Unit) -> Words:
    """With its unit: 1.5%, 1,000.00 yuan."""
    if unit is Unit.PERCENT:
        return (f"{written_in(unit, value)}%",) * 2
    text = format_minor(value)
    return (f"{text} 元", f"{text} yuan") if unit is Unit.YUAN else (f"{text} 份", f"{text} units")


def _named(path: Path, shape: Shape) -> Words:
    """The names that lead to a value, as people read them."""
    chinese, english = [], []
    for part in path:
        if part.startswith("="):
            chinese.append(f"“{part[1:]}”" if not part[1:].isdigit() else f"第{part[1:]}项")
            english.append(part[1:])
        else:
            zh, en = word_of(part, shape)
            chinese.append(zh)
            english.append(en)
    return "".join(chinese), " ".join(english)


def word_of(name: str, shape: Shape) -> Words:
    """How a field, a table or a choice is called."""
    return shape.words.get(name) or _WORDS.get(name) or (name.replace("_", " "),) * 2


def words_lacking(shape: Shape) -> set[str]:
    """Fields and tables of a kind that have no name in words."""
    return {name for name in _fields_of(shape) if name not in shape.words and name not in _WORDS}


def _fields_of(shape: Shape) -> Iterator[str]:
    yield from shape.rates
    waiting: list[Any] = [shape.parameters, shape.channel]
    while waiting:
        kind, _ = bare(waiting.pop())
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            if (tag := kind.__struct_config__.tag_field) is not None:
                yield from (tag, str(kind.__struct_config__.tag))
            for field in msgspec.structs.fields(kind):
                yield field.name
                waiting.append(field.type)
        elif isinstance(kind, type) and issubclass(kind, Enum):
            yield from (str(one.value) for one in kind)
        else:
            waiting.extend(get_args(kind))

"""Two versions of a product compared in words, for the person who has to find the second one right."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any, get_args, get_origin

import msgspec

from tapwealth.catalogue.definition import Definition, Shape
from tapwealth.catalogue.reading import bare
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.units import Unit, written_in

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
}


class Change(msgspec.Struct, frozen=True):
    """One difference, in Chinese and in English."""

    zh: str
    en: str


def differences(former: Definition, later: Definition, shape: Shape) -> list[Change]:
    """What the later one says otherwise, what it adds and what it leaves out; in the order of a definition's file."""
    before, after = dict(_facts(former, shape)), dict(_facts(later, shape))
    found = []
    for path in dict.fromkeys([*after, *before]):
        old, new = before.get(path), after.get(path)
        if old != new:
            found.append(_change(_named(path, shape), old, new))
    return found


def _change(named: Words, old: Words | None, new: Words | None) -> Change:
    if old is None:
        assert new is not None, "a difference has two sides"
        return Change(f"{named[0]}：新增 {new[0]}", f"{named[1]}: {new[1]} is new")
    if new is None:
        return Change(f"{named[0]}：删除（原为 {old[0]}）", f"{named[1]}: {old[1]} is left out")
    return Change(f"{named[0]}：由 {old[0]} 改为 {new[0]}", f"{named[1]}: {old[1]} becomes {new[1]}")


Path = tuple[str, ...]


def _facts(one: Definition, shape: Shape) -> Iterator[tuple[Path, Words]]:
    """Every single value with the names that lead to it."""
    for field in msgspec.structs.fields(Definition):
        value = getattr(one, field.name)
        match field.name:
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
                yield from _values((field.name,), value, field.type, shape)


def _row(path: Path, row: Any, unit: Unit) -> Iterator[tuple[Path, Words]]:
    yield path, _amount(row.value, unit)
    if row.last is not None:
        yield (*path, "until"), (str(row.last), str(row.last))


def _values(path: Path, value: Any, kind: Any, shape: Shape) -> Iterator[tuple[Path, Words]]:
    plain, notes = bare(kind)
    if isinstance(value, msgspec.Struct):
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
        yield path, _said(value, plain, notes, shape)


def _said(value: Any, kind: Any, notes: tuple[Any, ...], shape: Shape) -> Words:
    unit = next((one for one in (*notes, *_inner_notes(kind)) if isinstance(one, Unit)), None)
    if value is None or value == "":
        return "无", "none"
    if isinstance(value, bool):
        return ("是", "yes") if value else ("否", "no")
    if isinstance(value, Enum):
        return shape.words.get(str(value.value), (str(value.value), str(value.value)))
    if isinstance(value, int) and unit is not None:
        return _amount(value, unit)
    if isinstance(value, datetime | date):
        return value.isoformat(), value.isoformat()
    return str(value), str(value)


def _inner_notes(kind: Any) -> tuple[Any, ...]:
    """Of `X | None`: what is noted at X."""
    return tuple(note for one in get_args(kind) if one is not type(None) for note in bare(one)[1])


def _amount(value: int, unit: Unit) -> Words:
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
            zh, en = {**_WORDS, "until": ("截止", "until"), **shape.words}.get(part, (part.replace("_", " "),) * 2)
            chinese.append(zh)
            english.append(en)
    return "".join(chinese), " ".join(english)


def words_lacking(shape: Shape) -> set[str]:
    """Fields and tables of a kind that have no name in words."""
    return {name for name in _fields_of(shape) if name not in shape.words and name not in _WORDS}


def _fields_of(shape: Shape) -> Iterator[str]:
    yield from shape.rates
    waiting: list[Any] = [shape.parameters, shape.channel]
    while waiting:
        kind, _ = bare(waiting.pop())
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            for field in msgspec.structs.fields(kind):
                yield field.name
                waiting.append(field.type)
        elif isinstance(kind, type) and issubclass(kind, Enum):
            yield from (str(one.value) for one in kind)
        else:
            waiting.extend(get_args(kind))

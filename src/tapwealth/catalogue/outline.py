"""What a version says, in the order and in the words in which people read it: single values, tables, and groups of both.

It follows from the types of the kind's `Shape` and from its words, so that a kind that is new is shown like all others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol, get_args, get_origin, runtime_checkable

import msgspec

from tapwealth.catalogue.compare import Words, amount, said, word_of
from tapwealth.catalogue.definition import DatedRow, Definition, Eligibility, Names, Shape
from tapwealth.catalogue.reading import bare
from tapwealth.kernel.units import Unit

_CLASSES = {1: "Ⅰ", 2: "Ⅱ", 3: "Ⅲ"}
_CODE: Words = ("代码", "code")
_NOTHING: Words = ("—", "—")


@runtime_checkable
class Spoken(Protocol):
    """What says in words itself what its fields come to."""

    @property
    def in_words(self) -> Words: ...


@dataclass(frozen=True, slots=True)
class Fact:
    """One value. `field` is its field's name in a definition."""

    name: Words
    value: Words
    field: str


@dataclass(frozen=True, slots=True)
class Table:
    """Several of one kind: a row for each. `fields` are the columns' names in a definition."""

    name: Words
    columns: Sequence[Words]
    rows: Sequence[Sequence[Words]]
    fields: Sequence[str]


@dataclass(frozen=True, slots=True)
class Group:
    """What belongs together under a name."""

    name: Words
    entries: Sequence["Entry"]


Entry = Fact | Table | Group


@dataclass(frozen=True, slots=True)
class Rates:
    """A dated table of a version: its rows in words, and as they are, for whoever draws them. `name` says what the numbers are."""

    name: Words
    unit: Unit
    rows: Sequence[DatedRow]

    def value_of(self, value: int) -> Words:
        return amount(value, self.unit)


def parameters(one: Definition, shape: Shape) -> list[Entry]:
    """Of the kind: every field, whether it was written or not."""
    return _fields(one.parameters, shape)


def channels(one: Definition, shape: Shape) -> Table | Group:
    """Who sells it, and under which terms."""
    name = word_of("channels", shape)
    table = _table("channels", list(one.channels.values()), shape, list(one.channels))
    return table or Group(name, [Group((code, code), _fields(terms, shape)) for code, terms in one.channels.items()])


def rates(one: Definition, shape: Shape) -> list[Rates]:
    """Its dated tables, in the order in which the kind knows them."""
    return [Rates(word_of(name, shape), unit, one.rates[name]) for name, unit in shape.rates.items() if name in one.rates]


def eligibility(one: Eligibility, shape: Shape) -> list[Fact]:
    """Who may buy; what bounds nobody is left out."""
    lowest = _CLASSES[one.kyc_class]
    words: Mapping[str, Words | None] = {
        "kyc_class": (f"{lowest} 类及以上", f"class {lowest} or better") if one.kyc_class > 1 else None,
        "youngest": _years(one.youngest),
        "oldest": _years(one.oldest),
        "risk_level": (f"R{one.risk_level}",) * 2 if one.risk_level is not None else None,
        "regions": ("、".join(one.regions), ", ".join(one.regions)) if one.regions else None,
    }
    return [Fact(word_of(field, shape), value, field) for field, value in words.items() if value is not None]


def _years(age: int | None) -> Words | None:
    return None if age is None else (f"{age} 周岁", f"{age} years")


def _fields(value: msgspec.Struct, shape: Shape) -> list[Entry]:
    return [_entry(field.encode_name, getattr(value, field.name), field.type, shape) for field in msgspec.structs.fields(type(value))]


def _entry(field: str, value: Any, kind: Any, shape: Shape) -> Entry:
    name = word_of(field, shape)
    if (single := _single(value, kind, shape)) is not None:
        return Fact(name, single, field)
    if isinstance(value, msgspec.Struct):
        return Group(name, [*_tag(value, shape), *_fields(value, shape)])
    if isinstance(value, Mapping):
        return _of_mapping(field, value, _inner(kind, 1), shape)
    inner = _inner(kind, 0)
    return _table(field, value, shape) or Group(name, [_numbered(number, one, inner, shape) for number, one in enumerate(value, 1)])


def _of_mapping(field: str, value: Mapping[str, Any], kind: Any, shape: Shape) -> Entry:
    singles = {key: _single(one, kind, shape) for key, one in value.items()}
    if all(single is not None for single in singles.values()):
        return Group(word_of(field, shape), [Fact(word_of(key, shape), single or _NOTHING, key) for key, single in singles.items()])
    keyed = _table(field, list(value.values()), shape, list(value))
    return keyed or Group(word_of(field, shape), [_entry(key, one, kind, shape) for key, one in value.items()])


def _numbered(number: int, value: Any, kind: Any, shape: Shape) -> Entry:
    entry = _entry("", value, kind, shape)
    named: Words = (f"第{number}项", f"no. {number}")
    match entry:
        case Fact():
            return Fact(named, entry.value, entry.field)
        case Table():
            return Table(named, entry.columns, entry.rows, entry.fields)
        case _:
            return Group(named, entry.entries)


def _single(value: Any, kind: Any, shape: Shape) -> Words | None:
    """What can be said in one cell: a value, a name, several values; else None."""
    if isinstance(value, Names):
        return value.zh, value.en
    if isinstance(value, Spoken):
        return value.in_words
    if isinstance(value, msgspec.Struct | Mapping):
        return None
    if not isinstance(value, list | tuple | set | frozenset):
        return said(value, kind, shape)
    each = [_single(one, _inner(kind, 0), shape) for one in value]
    if not each:
        return said(None, None, shape)
    if any(one is None for one in each):
        return None
    words = [one for one in each if one is not None]
    return "、".join(zh for zh, _ in words), ", ".join(en for _, en in words)


def _table(field: str, items: Sequence[Any], shape: Shape, keys: Sequence[str] = ()) -> Table | None:
    """Structs of one type whose fields are single values; None for anything else, and for one of several types. `keys` stand in a first
    column of their own. A column in which nothing stands is left out."""
    if not items or not all(isinstance(one, msgspec.Struct) and type(one) is type(items[0]) for one in items):
        return None
    if items[0].__struct_config__.tag is not None:
        return None
    fields = msgspec.structs.fields(type(items[0]))
    cells = [[_single(getattr(one, each.name), each.type, shape) for each in fields] for one in items]
    if any(cell is None for cell in chain.from_iterable(cells)):
        return None
    kept = [place for place, each in enumerate(fields) if any(getattr(one, each.name) not in (None, "", []) for one in items)]
    heads = [word_of(fields[place].encode_name, shape) for place in kept]
    rows = [[row[place] or _NOTHING for place in kept] for row in cells]
    names = [fields[place].encode_name for place in kept]
    if keys:
        heads, names = [_CODE, *heads], ["", *names]
        rows = [[(key, key), *row] for key, row in zip(keys, rows, strict=True)]
    return Table(word_of(field, shape), heads, rows, names)


def _tag(value: msgspec.Struct, shape: Shape) -> list[Entry]:
    """Which of several shapes a value has, where its type tells."""
    config = value.__struct_config__
    if config.tag is None or config.tag_field is None:
        return []
    return [Fact(word_of(config.tag_field, shape), word_of(str(config.tag), shape), config.tag_field)]


def _inner(kind: Any, place: int) -> Any:
    """Of a list or a mapping: what it holds."""
    plain, _ = bare(kind)
    arguments = get_args(plain) if get_origin(plain) in (list, tuple, set, frozenset, dict) else ()
    if arguments:
        return arguments[min(place, len(arguments) - 1)]
    choices = [one for one in get_args(plain) if one is not type(None)]
    return _inner(choices[0], place) if len(choices) == 1 else Any

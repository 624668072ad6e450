"""A definition's file: YAML in, with line and column of whatever is wrong, and the same YAML out.

What stands in a field follows from its type, never from how it looks: `product: 000198` is a code with its zeros, `from: 2014-01-01` a
date, and no number ever becomes a binary fraction.
"""

import re
import types
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import Enum
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from tapwealth.catalogue.definition import ROW_OF, Definition, ProductKind, Shape, check
from tapwealth.kernel.money import checked
from tapwealth.kernel.refusal import BadInput
from tapwealth.kernel.units import Unit, read_in, written_in
from tapwealth.wire import yaml_text
from tapwealth.wire.yaml_text import Fields, Items, Node, Place, Plain, Scalar, unknown_field

_NOTHING = ("", "~", "null")
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII)
_UNSEEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
LONGEST_TEXT, LONGEST_LIST = 1_000, 1_000
_YEARS = range(1990, 2200)
"""A day before or after each can be reckoned, in any offset; what has no end says none."""
_FORMS: Mapping[type, tuple[str, str]] = {
    date: ("a date", "write it like 2014-02-24"),
    datetime: ("an instant", "write it like 2014-02-24T15:00:00+08:00"),
    time: ("a time of the day", "write it like '09:30:00'"),
}
_INDEX = re.compile(r"\[[0-9]+\]")


@dataclass(frozen=True)
class Written:
    """A definition, and where each of its parts was written."""

    definition: Definition
    places: Mapping[str, Place] = field(default_factory=dict)

    def bad(self, error: BadInput) -> BadInput:
        """What is wrong with a part (its path is `where`), with the line of that part, of the nearest one around it, or
        of the file's beginning for what is not there at all."""
        path = error.where
        while path and path not in self.places:
            path = re.sub(r"(\.?[^.\[]+|\[[0-9]+\])$", "", path)
        at = f"{self.places[path]} " if path in self.places else ""
        return BadInput(error.what, where=f"{at}({error.where})" if error.where else str(at), hint=error.hint)


def read_definition(content: bytes, shape_of: Callable[[ProductKind], Shape | None]) -> Written:
    """Raises BadInput that names line and column."""
    top = _Reader().fields(yaml_text.read(content), "")
    kind, shape = _kind(top, shape_of)
    reader = _Reader()
    reader.places[""] = top.place
    known = [one.encode_name for one in msgspec.structs.fields(Definition)]
    for name, (at, _) in top.fields.items():
        if name not in known:
            raise unknown_field(name, at, known)
    read: dict[str, Any] = {"kind": kind}
    for one in msgspec.structs.fields(Definition):
        if one.name in top.fields and one.name != "kind":
            at, node = top.fields[one.name]
            reader.places[one.name] = at
            read[one.name] = _part(reader, one.name, one.type, node, shape)
        elif one.required and one.name != "kind":
            raise BadInput(f"the field {one.name!r} is missing", where=str(top.place), hint=f"a product has {', '.join(known)}")
    written = Written(Definition(**read), reader.places)
    try:
        check(written.definition, shape)
    except BadInput as error:
        raise written.bad(error) from None
    return written


def _kind(top: Fields, shape_of: Callable[[ProductKind], Shape | None]) -> tuple[ProductKind, Shape]:
    sold = [kind for kind in ProductKind if shape_of(kind) is not None]
    if "kind" not in top.fields:
        raise BadInput("the field 'kind' is missing", where=str(top.place), hint=f"choose one of {', '.join(sold)}")
    _, node = top.fields["kind"]
    text = node.text if isinstance(node, Scalar) else ""
    kind = next((one for one in sold if one == text), None)
    shape = None if kind is None else shape_of(kind)
    if kind is None or shape is None:
        raise BadInput(f"{text[:40]!r} is no kind of product", where=f"{node.place} (kind)", hint=f"choose one of {', '.join(sold)}")
    return kind, shape


def _part(reader: "_Reader", name: str, kind: Any, node: Node, shape: Shape) -> Any:
    if name == "parameters":
        return reader.convert(node, shape.parameters, name)
    if name == "channels":
        return reader.convert(node, dict[str, shape.channel], name)  # type: ignore[name-defined]  # the class is known when it runs
    if name == "rates":
        tables = reader.fields(node, name).fields
        for table, (at, _) in tables.items():
            if table not in shape.rates:
                raise unknown_field(table, at, list(shape.rates), " among the tables of this kind")
        return {table: _rows(reader, f"rates.{table}", of, shape.rates[table]) for table, (_, of) in tables.items()}
    return reader.convert(node, kind, name)


def _rows(reader: "_Reader", path: str, node: Node, unit: Unit) -> Any:
    row = ROW_OF[unit]
    return reader.convert(node, list[row], path)  # type: ignore[valid-type]  # the class is known when it runs


class _Reader:
    """From nodes to values of a type, keeping where each stood."""

    def __init__(self) -> None:
        self.places: dict[str, Place] = {}

    def fields(self, node: Node, path: str) -> Fields:
        if not isinstance(node, Fields):
            raise self._bad(node, path, f"this is {node.what}", "write fields with values, one a line: `name: value`")
        return node

    def convert(self, node: Node, kind: Any, path: str) -> Any:
        """Raises BadInput."""
        self.places.setdefault(path, node.place)
        self.places.setdefault(_INDEX.sub("", path), node.place)
        plain, notes = bare(kind)
        if get_origin(plain) in (Union, types.UnionType):
            return self._one_of(node, get_args(plain), path)
        if isinstance(plain, type) and issubclass(plain, msgspec.Struct):
            return self._struct(node, plain, path)
        if get_origin(plain) is list:
            return self._list(node, get_args(plain)[0], path)
        if get_origin(plain) is dict:
            items = self.fields(node, path).fields
            return {name: self.convert(of, get_args(plain)[1], f"{path}.{name}") for name, (_, of) in items.items()}
        if not isinstance(node, Scalar):
            raise self._bad(node, path, f"this is {node.what}", "write a single value")
        return self._within(node, self._scalar(node, plain, notes, path), kind, path)

    def _one_of(self, node: Node, choices: tuple[Any, ...], path: str) -> Any:
        if type(None) in choices and isinstance(node, Scalar) and node.plain and node.text in _NOTHING:
            return None
        kinds = [one for one in choices if one is not type(None)]
        if len(kinds) == 1:
            return self.convert(node, kinds[0], path)
        return self._tagged(self.fields(node, path), kinds, path)

    def _tagged(self, node: Fields, kinds: list[Any], path: str) -> Any:
        """One of several structs, told apart by a field that each has with a value of its own."""
        by_tag = {str(one.__struct_config__.tag): one for one in kinds}
        name = kinds[0].__struct_config__.tag_field
        at, said = node.fields.get(name, (node.place, None))
        chosen = by_tag.get(said.text) if isinstance(said, Scalar) else None
        if chosen is None:
            what = f"the field {name!r} is missing" if said is None else "this is not known"
            raise BadInput(what, where=f"{at} ({path}.{name})", hint=f"choose one of {', '.join(by_tag)}")
        return self._struct(Fields(node.place, {key: of for key, of in node.fields.items() if key != name}), chosen, path)

    def _struct(self, node: Node, kind: type[msgspec.Struct], path: str) -> Any:
        fields = {one.encode_name: one for one in msgspec.structs.fields(kind)}
        read, given = {}, self.fields(node, path)
        for name, (at, of) in given.fields.items():
            if name not in fields:
                raise unknown_field(name, at, list(fields), f" in {path}")
            read[fields[name].name] = self.convert(of, fields[name].type, f"{path}.{name}")
        for name, one in fields.items():
            if one.required and name not in given.fields:
                raise self._bad(node, path, f"the field {name!r} is missing", f"there are {', '.join(fields)}")
        return kind(**read)

    def _list(self, node: Node, kind: Any, path: str) -> list[Any]:
        if not isinstance(node, Items):
            raise self._bad(node, path, f"this is {node.what}", "write a list: each item on a line of its own after a dash, or [] for none")
        if len(node.items) > LONGEST_LIST:
            raise self._bad(node, path, f"it has {len(node.items):,} items", f"at most {LONGEST_LIST:,} are taken")
        return [self.convert(one, kind, f"{path}[{number}]") for number, one in enumerate(node.items)]

    def _scalar(self, node: Scalar, kind: Any, notes: tuple[Any, ...], path: str) -> Any:
        text = node.text
        if isinstance(kind, type) and issubclass(kind, Enum):
            return self._choice(node, kind, path)
        if kind is bool:
            if not node.plain or text not in ("true", "false"):
                raise self._bad(node, path, f"{text[:40]!r} is neither true nor false", "write true or false, without quotes")
            return text == "true"
        if kind is int:
            return self._number(node, next((one for one in notes if isinstance(one, Unit)), None), path)
        if kind in _FORMS:
            return self._moment(node, kind, path)
        assert kind is str, f"a definition cannot hold {kind} at {path}"
        if len(text) > LONGEST_TEXT or any(unicodedata.category(letter) in _UNSEEN for letter in text):
            raise self._bad(
                node, path, "it is too long, or has a character that cannot be seen", f"one line of at most {LONGEST_TEXT:,} characters"
            )
        return text

    def _choice(self, node: Scalar, kind: type[Enum], path: str) -> Enum:
        found = next((one for one in kind if str(one.value) == node.text), None)
        if found is None:
            raise self._bad(node, path, f"{node.text[:40]!r} is not known", f"choose one of {', '.join(str(one.value) for one in kind)}")
        return found

    def _number(self, node: Scalar, unit: Unit | None, path: str) -> int:
        if unit is None:
            if not _WHOLE.fullmatch(node.text):
                raise self._bad(node, path, f"{node.text[:40]!r} is no whole number", "write digits alone")
            return int(node.text)
        try:
            return checked(read_in(unit, node.text, where=""), where="", positive=False)
        except BadInput as error:
            raise self._bad(node, path, error.what, error.hint) from None

    def _moment(self, node: Scalar, kind: Any, path: str) -> Any:
        what, hint = _FORMS[kind]
        try:
            read = msgspec.convert(node.text, kind)
        except msgspec.ValidationError:
            raise self._bad(node, path, f"{node.text[:40]!r} is not {what}", hint) from None
        if isinstance(read, datetime) and read.tzinfo is None:
            raise self._bad(node, path, "the instant has no offset", hint)
        if isinstance(read, date) and read.year not in _YEARS:
            raise self._bad(
                node, path, f"{node.text[:40]} is not a day of this house", f"write a year {_YEARS[0]} to {_YEARS[-1]}, or no end"
            )
        return read

    def _within(self, node: Scalar, value: Any, kind: Any, path: str) -> Any:
        """The value, if it lies within what its type allows."""
        for one in bare(kind)[1]:
            if not isinstance(one, msgspec.Meta):
                continue
            if (one.ge is not None and value < one.ge) or (one.le is not None and value > one.le):
                raise self._bad(node, path, f"{node.text[:40]} is out of range", f"give {_range(one)}")
            if one.pattern is not None and not re.search(one.pattern, value):
                raise self._bad(node, path, f"{node.text[:40]!r} has another form", one.description or f"its form is {one.pattern}")
            if (one.min_length is not None and len(value) < one.min_length) or (one.max_length is not None and len(value) > one.max_length):
                raise self._bad(
                    node, path, f"it has {len(value)} characters", f"give {one.min_length or 0} to {one.max_length or LONGEST_TEXT}"
                )
        return value

    def _bad(self, node: Node, path: str, what: str, hint: str) -> BadInput:
        return BadInput(what, where=f"{node.place} ({path})" if path else str(node.place), hint=hint)


def _range(one: msgspec.Meta) -> str:
    if one.le is None:
        return f"{one.ge} or more"
    return f"at most {one.le}" if one.ge is None else f"{one.ge} to {one.le}"


def bare(kind: Any) -> tuple[Any, tuple[Any, ...]]:
    """A type without what is noted at it, and the notes."""
    if get_origin(kind) is Annotated:
        inner, notes = bare(get_args(kind)[0])
        return inner, (*notes, *kind.__metadata__)
    return kind, ()


def write_definition(definition: Definition, shape: Shape) -> bytes:
    """The file of a definition: read again, it is the same definition, and written again the same file."""
    tree: dict[str, Any] = {}
    for one in msgspec.structs.fields(Definition):
        value = getattr(definition, one.name)
        if one.name == "parameters":
            tree[one.name] = _tree(value, shape.parameters)
        elif one.name == "channels":
            tree[one.name] = {code: _tree(terms, shape.channel) for code, terms in value.items()}
        elif one.name == "rates":
            tree[one.name] = {name: [_tree(row, ROW_OF[shape.rates[name]]) for row in rows] for name, rows in value.items()}
        else:
            tree[one.name] = _tree(value, one.type)
    return yaml_text.write(tree)


def _tree(value: Any, kind: Any) -> Any:
    plain, notes = bare(kind)
    if value is None:
        return Plain("null")
    if isinstance(value, msgspec.Struct):
        tag = {value.__struct_config__.tag_field: str(value.__struct_config__.tag)} if value.__struct_config__.tag_field else {}
        of = plain if isinstance(plain, type) and issubclass(plain, msgspec.Struct) else type(value)
        return tag | {one.encode_name: _tree(getattr(value, one.name), one.type) for one in msgspec.structs.fields(of)}
    if get_origin(plain) in (Union, types.UnionType):
        return _tree(value, next(one for one in get_args(plain) if one is not type(None)))
    if isinstance(value, list):
        return [_tree(one, get_args(plain)[0]) for one in value]
    if isinstance(value, dict):
        return {name: _tree(one, get_args(plain)[1]) for name, one in value.items()}
    if isinstance(value, Enum):
        return str(value.value)
    return _scalar_out(value, next((one for one in notes if isinstance(one, Unit)), None))


def _scalar_out(value: Any, unit: Unit | None) -> Any:
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return Plain(value if unit is None else written_in(unit, value))
    if isinstance(value, time):
        return value.isoformat()
    return Plain(value.isoformat())

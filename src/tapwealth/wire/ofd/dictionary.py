"""The fields each file type may declare, with kind and width: `data/fields.csv` (its README names the source).

JR/T 0017: N is a number, zero-padded, with implied decimals; A holds letters and digits only, C any text of GB18030; both are
left-aligned and padded with blanks. Widths count bytes.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from tapwealth.kernel.refusal import BadInput


class Kind(StrEnum):
    """The three data types of the standard."""

    NUMBER = "N"
    ALPHANUMERIC = "A"
    TEXT = "C"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of one file type; `decimals` of the `width` bytes of a number are its implied decimals."""

    name: str
    kind: Kind
    width: int
    decimals: int
    meaning: str

    def __str__(self) -> str:
        return f"{self.name} ({self.kind} {self.width}{f'.{self.decimals}' if self.decimals else ''})"


@cache
def _dictionary() -> Mapping[str, Mapping[str, Field]]:
    types: dict[str, dict[str, Field]] = {}
    text = (files("tapwealth.wire.ofd") / "data" / "fields.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        width, _, decimals = row["width"].partition(".")
        field = Field(row["field"], Kind(row["kind"]), int(width), int(decimals or 0), row["meaning"])
        types.setdefault(row["type"], {})[field.name] = field
    return types


@cache
def _by_any_spelling(file_type: str) -> Mapping[str, Field]:
    return {name.lower(): field for name, field in _dictionary()[file_type].items()}


def field_named(file_type: str, spelt: str) -> Field | None:
    """The field that a header means: peers write names in their own letter case, some padded with blanks. None if there is no such one."""
    return _by_any_spelling(file_type).get(spelt.rstrip(" ").lower())


def file_types() -> tuple[str, ...]:
    """The file types that can be read and written."""
    return tuple(_dictionary())


def fields_of(file_type: str, *, where: str = "file type") -> Mapping[str, Field]:
    """The fields of a file type by name, in the order of the standard. Raises BadInput for a type that is not in the dictionary."""
    fields = _dictionary().get(file_type)
    if fields is None:
        raise BadInput(f"the file type {file_type!r} is not known", where=where, hint=f"known are {', '.join(file_types())}")
    return fields

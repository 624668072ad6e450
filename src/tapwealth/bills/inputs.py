"""What a payer fills in: one thing after another, each described by a small part of JSON Schema (draft 2020-12).

Of the schema there are `type`, `pattern` (see `patterns`), `minLength`, `maxLength` and `format`, which names a checksum.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from stdnum import luhn
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_11_2, mod_97_10

from tapwealth.bills import patterns
from tapwealth.bills.patterns import LONGEST
from tapwealth.kernel.refusal import BadInput

ACCOUNT_NUMBER = "account_number"
"""The field by which the biller knows the account; every item has it."""
DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Spoken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text in Chinese and in English."""

    zh: str
    en: str

    @property
    def both(self) -> str:
        """For a line that everybody reads."""
        return self.zh if self.zh == self.en else f"{self.zh} ({self.en})"

    @property
    def in_words(self) -> tuple[str, str]:
        return self.zh, self.en


class SchemaType(StrEnum):
    """Account numbers keep their zeros: they are texts."""

    STRING = "string"


class Checksum(StrEnum):
    """By which a mistyped digit is found; empty: there is none."""

    NONE = ""
    LUHN = "luhn"
    MOD_11_2 = "mod_11_2"
    """ISO 7064, the last may be an X."""
    MOD_97_10 = "mod_97_10"
    """ISO 7064, the last two."""


_VALID: Mapping[Checksum, Callable[[str], Any]] = {
    Checksum.LUHN: luhn.validate,
    Checksum.MOD_11_2: mod_11_2.validate,
    Checksum.MOD_97_10: mod_97_10.validate,
}
_NAMED = {Checksum.LUHN: "Luhn", Checksum.MOD_11_2: "MOD 11-2", Checksum.MOD_97_10: "MOD 97-10"}
Length = Annotated[int, msgspec.Meta(ge=1, le=LONGEST)]


class InputSchema(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text that the whole of `pattern` describes."""

    pattern: str
    type: SchemaType = SchemaType.STRING
    min_length: Length = msgspec.field(name="minLength", default=1)
    max_length: Length = msgspec.field(name="maxLength", default=LONGEST)
    format: Checksum = Checksum.NONE

    def fits(self, value: str) -> bool:
        """Whether the value is one of those described."""
        if not self.min_length <= len(value) <= self.max_length or not re.fullmatch(self.pattern[1:-1], value, re.ASCII):
            return False
        return self.format is Checksum.NONE or _adds_up(self.format, value)

    @property
    def in_words(self) -> tuple[str, str]:
        """In Chinese and English: 10 digits, with a Luhn check digit. Where words do not say all of the pattern, it is added."""
        return self._told(pattern=True)

    @property
    def for_payers(self) -> tuple[str, str]:
        """The same without the pattern, for who does not read such."""
        return self._told(pattern=False)

    @property
    def is_digits(self) -> bool:
        """Whether it is filled in with digits alone."""
        return all(part.letters <= patterns.DIGITS for part in patterns.parts_of(self.pattern))

    @property
    def longest(self) -> int:
        return min(patterns.lengths(patterns.parts_of(self.pattern))[1], self.max_length)

    def _told(self, *, pattern: bool) -> tuple[str, str]:
        parts = patterns.parts_of(self.pattern)
        least, most = patterns.lengths(parts)
        zh, en, whole = patterns.in_words(parts, max(least, self.min_length), min(most, self.max_length))
        if pattern and not whole:
            zh, en = f"{zh}（{self.pattern}）", f"{en} ({self.pattern})"
        if self.format is Checksum.NONE:
            return zh, en
        return f"{zh}，含 {_NAMED[self.format]} 校验", f"{en}, with a {_NAMED[self.format]} check"


def _adds_up(checksum: Checksum, value: str) -> bool:
    try:
        _VALID[checksum](value)
    except ValidationError:
        return False
    return True


class InputField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing the payer fills in; those with a lower `order` come first."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,31}$", description="small letters, digits and _, a letter first")]
    title: Spoken
    hint: Spoken
    schema: InputSchema
    order: int = 0

    def read(self, text: str) -> str:
        """The value without surrounding blanks. Raises BadInput with the field's own hint."""
        value = text.strip()
        if not self.schema.fits(value):
            raise BadInput(f"{value[:40]!r} does not fit", where=self.title.both, hint=self.hint.both)
        return value

    def as_schema(self) -> dict[str, Any]:
        """For programs: JSON Schema, with title and hint as annotations in both languages."""
        said = {
            "type": self.schema.type.value, "pattern": self.schema.pattern, "minLength": self.schema.min_length,
            "maxLength": self.schema.max_length, "title": self.title.en, "description": self.hint.en, "x-title-zh": self.title.zh,
            "x-description-zh": self.hint.zh, "x-order": self.order,
        }  # fmt: skip
        return said | ({"format": self.schema.format.value} if self.schema.format else {})


def in_order(fields: Sequence[InputField]) -> list[InputField]:
    """As people are asked for them."""
    return sorted(fields, key=lambda one: one.order)


def as_schema(fields: Sequence[InputField]) -> dict[str, Any]:
    """The JSON Schema of everything that a payer fills in."""
    ordered = in_order(fields)
    return {
        "$schema": DIALECT, "type": "object", "properties": {one.name: one.as_schema() for one in ordered},
        "required": [one.name for one in ordered], "additionalProperties": False,
    }  # fmt: skip


def read_inputs(fields: Sequence[InputField], given: Mapping[str, str]) -> dict[str, str]:
    """What was filled in, each value as it fits. Raises BadInput: one is missing, does not fit, or is not asked for."""
    known = {one.name: one for one in in_order(fields)}
    for name in given:
        if name not in known:
            raise BadInput(f"{name[:40]!r} is not asked for", where="fields", hint=f"fill in {', '.join(known)}")
    for name, one in known.items():
        if name not in given:
            raise BadInput(f"{name} is missing", where=one.title.both, hint=one.hint.both)
    return {name: one.read(given[name]) for name, one in known.items()}


def check_field(field: InputField) -> None:
    """What no field may be. Raises BadInput whose `where` is the path within it."""
    schema = field.schema
    for language, text in (("zh", field.title.zh), ("en", field.title.en)):
        if not text.strip():
            raise BadInput("the title is empty", where=f"title.{language}", hint="name it in both languages")
    if schema.min_length > schema.max_length:
        raise BadInput("the least length is above the greatest", where="schema.minLength", hint="give one of at most maxLength")
    shortest, longest = patterns.lengths(patterns.parts_of(schema.pattern))
    if longest < schema.min_length or shortest > schema.max_length:
        text = f"nothing fits: the pattern has {shortest} to {longest} characters"
        raise BadInput(text, where="schema.pattern", hint="let pattern, minLength and maxLength say the same")

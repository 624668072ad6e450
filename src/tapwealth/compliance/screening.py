"""Whether somebody stands on a list: of sanctions, with whom no business is done, or of those to be watched, about whom compliance decides.

Names are compared letter by letter, without regard to width, case, spaces, punctuation and the legal form; a name that is spelled otherwise
is not found, which is why numbers (a credit code, an identity number) are compared too, by their keyed hash.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

_FORMS = re.compile(r"(股份有限公司|有限责任公司|有限公司|coltd|limited|ltd|incorporated|inc|llc|plc)$")


class WatchList(StrEnum):
    """The text is stored."""

    SANCTIONS = "sanctions"
    WATCH = "watch"


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody on a list. `name_key` is the name as it is compared, `number_lookup` the keyed hash of a number (empty: none is known)."""

    id: UUID
    list: WatchList
    name: str
    name_key: str
    number_lookup: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Screened:
    """Who is looked for, as what ("legal name"), under which numbers."""

    role: str
    name: str
    number_lookup: bytes


@dataclass(frozen=True, slots=True)
class Hit:
    """`text` for operations; it names the list and the entry's reason."""

    list: WatchList
    text: str


def name_key(name: str) -> str:
    """A name as it is compared.

    >>> name_key("Ｂad Trading Co., Ltd."), name_key("坏人 贸易有限公司")
    ('badtrading', '坏人贸易')
    """
    letters = "".join(one for one in unicodedata.normalize("NFKC", name).casefold() if one.isalnum())
    return _FORMS.sub("", letters) or letters


def hits(listed: Sequence[Listed], screened: Iterable[Screened]) -> list[Hit]:
    """Sanctions first."""
    found = [
        Hit(entry.list, f"the {one.role} is on the {entry.list} list ({entry.reason})")
        for one in screened
        for entry in listed
        if entry.name_key == name_key(one.name) or (entry.number_lookup and entry.number_lookup == one.number_lookup)
    ]
    return sorted(found, key=lambda hit: hit.list is not WatchList.SANCTIONS)

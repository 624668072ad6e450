"""The card network's files, both ways (docs/reference/clearing-file.md): what an institution presents, and what the network has cleared.

ASCII, one record a line, LF after each, `|` between fields, amounts in fen. Neither file names a card: a transaction is known by its
reference, acquirer, terminal, trace number and authorisation code.

TWNF|1|P|UNIONPAY|04031000|20140224|0001|1|2850
P|000000000017|04031000|898110058120001|11000001|000001|123456|5812|2850|156|20140224|0|0|0|
END|1|2850|0|<SHA-256 of every byte before this line, in hexadecimal>
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import BinaryIO, NamedTuple, TypeVar

from tapwealth.kernel.money import MAX_AMOUNT
from tapwealth.kernel.refusal import BadInput

E = TypeVar("E", bound=StrEnum)

NETWORK = "UNIONPAY"
CURRENCY = "156"
_MARK, _VERSION, _END = "TWNF", "1", "END"
_MOST_BYTES = 256
"""No line is longer."""


class Direction(StrEnum):
    """Whose word a file is."""

    PRESENTED = "P"
    CLEARED = "C"


class ItemKind(StrEnum):
    """What an item does. What takes something back names it by the same key."""

    PRESENTMENT = "P"
    REFUND = "R"
    REVERSAL = "V"
    """Takes a presentment back."""
    REFUND_REVERSAL = "W"
    """Takes a refund back."""

    @property
    def sign(self) -> int:
        """+1 where the issuer pays, -1 where it is paid."""
        return 1 if self in (ItemKind.PRESENTMENT, ItemKind.REFUND_REVERSAL) else -1

    @property
    def takes_back(self) -> "ItemKind | None":
        """The kind of what it takes back."""
        return _TAKES_BACK.get(self)


_TAKES_BACK = {ItemKind.REVERSAL: ItemKind.PRESENTMENT, ItemKind.REFUND_REVERSAL: ItemKind.REFUND}


class ItemKey(NamedTuple):
    """By which a transaction is known to everybody: field 37, the acquirer's code, 41, 11 and 38."""

    rrn: str
    acquirer: str
    terminal_number: str
    stan: str
    authorisation_code: str


@dataclass(frozen=True, slots=True)
class Item:
    """One transaction. `amount` and fees in fen, above and from zero; the fees follow the sign of the kind.

    `interchange` is what the acquirer pays the issuer; `issuer_fee` and `acquirer_fee` what each of the two pays the network: zero in a
    file that is presented. `original_rrn` is the reference of what a refund gives back, or empty.
    """

    kind: ItemKind
    rrn: str
    acquirer: str
    merchant_number: str
    terminal_number: str
    stan: str
    authorisation_code: str
    category_code: str
    amount: int
    original_date: date
    interchange: int = 0
    issuer_fee: int = 0
    acquirer_fee: int = 0
    original_rrn: str = ""

    @property
    def key(self) -> ItemKey:
        return ItemKey(self.rrn, self.acquirer, self.terminal_number, self.stan, self.authorisation_code)

    def network_fee(self, institution: str) -> int:
        """What the network takes of the institution for it, fen, signed: on one side, or on both where it is issuer and acquirer."""
        return self.kind.sign * (self.issuer_fee + (self.acquirer_fee if self.acquirer == institution else 0))

    def due(self, institution: str) -> int:
        """What the institution, the issuer, owes the network by it, fen; below zero: is owed. Of its own acquiring only fees are left."""
        gross = 0 if self.acquirer == institution else self.kind.sign * (self.amount - self.interchange)
        return gross + self.network_fee(institution)


@dataclass(frozen=True, slots=True)
class Header:
    """`institution` is the acquirer of a file that is presented, the issuer of one that is cleared. `total` is the sum of the amounts
    whatever their sign, in fen. `sequence` numbers the files of a business date from 1."""

    direction: Direction
    network: str
    institution: str
    day: date
    sequence: int
    count: int
    total: int


def write_network_file(direction: Direction, institution: str, day: date, sequence: int, items: Sequence[Item]) -> bytes:
    """The file of these items. Its position is what they come to; a file that is presented has none."""
    total = sum(one.amount for one in items)
    head = "|".join((_MARK, _VERSION, direction, NETWORK, institution, f"{day:%Y%m%d}", f"{sequence:04d}", str(len(items)), str(total)))
    body = "".join(f"{line}\n" for line in (head, *map(_written, items))).encode("ascii")
    return body + _trailer(len(items), total, position_of(direction, institution, items), body)


def position_of(direction: Direction, institution: str, items: Iterable[Item]) -> int:
    """What the institution owes the network by these items, fen; below zero: is owed."""
    return sum(one.due(institution) for one in items) if direction is Direction.CLEARED else 0


def _trailer(count: int, total: int, position: int, body: bytes) -> bytes:
    return f"{_END}|{count}|{total}|{position}|{hashlib.sha256(body).hexdigest()}\n".encode("ascii")


def _written(one: Item) -> str:
    cells = (
        one.kind, one.rrn, one.acquirer, one.merchant_number, one.terminal_number, one.stan, one.authorisation_code, one.category_code,
        str(one.amount), CURRENCY, f"{one.original_date:%Y%m%d}", str(one.interchange), str(one.issuer_fee), str(one.acquirer_fee),
        one.original_rrn,
    )  # fmt: skip
    return "|".join(cells)


class NetworkFile:
    """A file while it is read: the header at once, then the items in one go, in bounded memory.

    Only when all items were taken is it known that the file is whole: its trailer comes last. Whoever acts on an item before that acts on
    hearsay. Raises BadInput with the line: torn, altered, a field that is none, or figures that do not agree.
    """

    def __init__(self, stream: BinaryIO, where: str = "clearing file") -> None:
        self._lines, self._where = _Lines(stream, where), where
        self.header = self._header()
        self.position = 0
        """Fen; what the trailer says, once it was read."""

    def __iter__(self) -> Iterator[Item]:
        count = total = reckoned = 0
        while True:
            before = self._lines.digest()
            cells = self._lines.next()
            if cells[0] == _END:
                self._close(cells, count, total, reckoned, before)
                return
            one = self._item(cells)
            count, total = count + 1, total + one.amount
            reckoned += position_of(self.header.direction, self.header.institution, (one,))
            yield one

    def _header(self) -> Header:
        cells, where = self._lines.next(), f"{self._where} line 1"
        if cells[:2] != [_MARK, _VERSION] or len(cells) != 9:
            raise BadInput("this is no header of a network file", where=where, hint="it begins TWNF|1| and has 9 fields")
        field = _Fields(cells, where)
        direction = field.one_of(2, "direction", Direction)
        return Header(
            direction,
            field.text(3, "network", "[A-Z0-9]{1,11}"),
            field.text(4, "institution", "[0-9]{8}"),
            field.day(5, "date"),
            field.number(6, "sequence", 1, 9_999, "[0-9]{4}"),
            field.number(7, "count", 0, MAX_AMOUNT),
            field.number(8, "total", 0, MAX_AMOUNT),
        )

    def _item(self, cells: list[str]) -> Item:
        where = f"{self._where} line {self._lines.number}"
        if len(cells) != 15:
            raise BadInput(f"{len(cells)} fields instead of 15", where=where, hint="see docs/reference/clearing-file.md")
        field = _Fields(cells, where)
        kind = field.one_of(0, "kind", ItemKind)
        field.text(9, "currency", CURRENCY)
        return Item(
            kind,
            field.text(1, "reference", "[A-Za-z0-9]{12}"),
            field.text(2, "acquirer", "[0-9]{8}"),
            field.text(3, "merchant", "[A-Za-z0-9]{15}"),
            field.text(4, "terminal", "[A-Za-z0-9]{8}"),
            field.text(5, "trace number", "[0-9]{6}"),
            field.text(6, "authorisation code", "[A-Za-z0-9]{6}"),
            field.text(7, "category", "[0-9]{4}"),
            field.number(8, "amount", 1, MAX_AMOUNT),
            field.day(10, "original date"),
            field.number(11, "interchange", 0, MAX_AMOUNT),
            field.number(12, "issuer's fee", 0, MAX_AMOUNT),
            field.number(13, "acquirer's fee", 0, MAX_AMOUNT),
            field.text(14, "original reference", "([A-Za-z0-9]{12})?"),
        )

    def _close(self, cells: list[str], count: int, total: int, reckoned: int, digest: str) -> None:
        """What the trailer says against what was read: damage before lies."""
        where = f"{self._where} line {self._lines.number}"
        if len(cells) != 5:
            raise BadInput(f"{len(cells)} fields instead of 5", where=where, hint="the trailer is END|count|total|position|SHA-256")
        field = _Fields(cells, where)
        if field.text(4, "SHA-256", "[0-9a-f]{64}") != digest:
            raise BadInput("the file was altered on its way: its SHA-256 differs", where=where, hint="fetch the file again")
        said = {
            "items": (field.number(1, "count", 0, MAX_AMOUNT), self.header.count, count),
            "fen in all": (field.number(2, "total", 0, MAX_AMOUNT), self.header.total, total),
        }
        for what, (trailer, header, found) in said.items():
            if not trailer == header == found:
                text = f"{found} {what}, but the header says {header} and the trailer {trailer}"
                raise BadInput(text, where=where, hint="ask the network for a right file")
        self.position = field.number(3, "position", -MAX_AMOUNT, MAX_AMOUNT, "-?[0-9]{1,16}")
        if self.position != reckoned:
            text = f"the items come to a position of {reckoned} fen, but the trailer says {self.position}"
            raise BadInput(text, where=where, hint="ask the network for a right file")
        if self._lines.more():
            raise BadInput("something follows the trailer", where=where, hint="fetch the file again")


class _Lines:
    """Lines of a stream, each whole and short, and the hash of all that was read."""

    def __init__(self, stream: BinaryIO, where: str) -> None:
        self._stream, self._where, self._hash = stream, where, hashlib.sha256()
        self.number = 0

    def next(self) -> list[str]:
        """The cells of the next line. Raises BadInput where none is, or it is torn."""
        line, self.number = self._stream.readline(_MOST_BYTES + 1), self.number + 1
        where = f"{self._where} line {self.number}"
        if not line.endswith(b"\n"):
            if len(line) > _MOST_BYTES:
                raise BadInput(f"longer than {_MOST_BYTES} bytes", where=where, hint="fetch the file again")
            raise BadInput("the file is torn: it ends without its trailer", where=where, hint="fetch the file again")
        self._hash.update(line)
        try:
            return line[:-1].decode("ascii").split("|")
        except UnicodeDecodeError as error:
            raise BadInput(f"byte {error.start} is not ASCII", where=where, hint="fetch the file again") from None

    def digest(self) -> str:
        """Of everything before the next line."""
        return self._hash.hexdigest()

    def more(self) -> bool:
        return bool(self._stream.read(1))


class _Fields:
    """Reads the cells of one line, and names the one that is wrong."""

    def __init__(self, cells: Sequence[str], where: str) -> None:
        self._cells, self._where = cells, where

    def text(self, index: int, name: str, pattern: str) -> str:
        if not re.fullmatch(pattern, self._cells[index], re.ASCII):
            raise BadInput(f"{self._cells[index][:40]!r} is no {name}", where=f"{self._where} {name}", hint=f"it must match {pattern}")
        return self._cells[index]

    def number(self, index: int, name: str, least: int, most: int, pattern: str = "[0-9]{1,16}") -> int:
        value = int(self.text(index, name, pattern))
        if not least <= value <= most:
            raise BadInput(f"{value} is not from {least} to {most}", where=f"{self._where} {name}")
        return value

    def day(self, index: int, name: str) -> date:
        text = self.text(index, name, "[0-9]{8}")
        try:
            return date(int(text[:4]), int(text[4:6]), int(text[6:]))
        except ValueError:
            raise BadInput(f"{text!r} is no date", where=f"{self._where} {name}", hint="yyyymmdd") from None

    def one_of(self, index: int, name: str, kinds: type[E]) -> E:
        try:
            return kinds(self._cells[index])
        except ValueError:
            hint = f"one of {', '.join(kinds)}"
            raise BadInput(f"{self._cells[index][:40]!r} is no {name}", where=f"{self._where} {name}", hint=hint) from None

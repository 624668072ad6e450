"""The biller's day-end file, read: GBK, `|` between fields, a summary line (day, count, sum), then a line per payment, in fen. Lines may
end as on Windows, and names may have characters that only GB18030, the greater GBK, knows.

20140224|1|10050
S1|B1|1234567890|10050|20140224090000|E0123456789ABCDE|*芳
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from tapwealth.kernel.clock import SHANGHAI
from tapwealth.kernel.money import MAX_AMOUNT
from tapwealth.kernel.refusal import BadInput

FIELDS = ("serial", "bill_id", "account_number", "amount", "paid_at", "biller_reference", "owner")


@dataclass(frozen=True, slots=True)
class DayEndLine:
    """One payment as the biller has it. `paid_at` is aware; `amount` in fen; `line` is its place in the file, from 1."""

    serial: str
    bill_id: str
    account_number: str
    amount: int
    paid_at: datetime
    biller_reference: str
    owner: str
    line: int


@dataclass(frozen=True, slots=True)
class DayEndFile:
    """The lines of a day; count and sum agree with the summary."""

    day: date
    lines: tuple[DayEndLine, ...]


def read_day_end(content: bytes, day: date) -> DayEndFile:
    """Read the file of `day`. Raises BadInput: not GBK, torn, a wrong field, another day, a summary that does not agree."""
    if not content.endswith(b"\n"):
        raise BadInput("the last line is torn", where="day-end file", hint="fetch the file again")
    try:
        text = content.decode("gb18030").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise BadInput("not GBK", where=f"day-end file byte {error.start}", hint="ask the biller for the file again") from None
    first, *rest = text[:-1].split("\n")
    count, total = _summary(first.split("|"), day)
    lines = tuple(_line(row.split("|"), number) for number, row in enumerate(rest, 2))
    _agree(lines, count, total)
    return DayEndFile(day, lines)


def _summary(cells: Sequence[str], day: date) -> tuple[int, int]:
    where = "day-end file line 1"
    if len(cells) != 3:
        raise BadInput(f"{len(cells)} fields instead of 3", where=where, hint="the summary is day|count|sum")
    if cells[0] != f"{day:%Y%m%d}":
        raise BadInput(f"the file is of {cells[0][:20]!r}, not of {day:%Y%m%d}", where=where, hint="fetch the file of that day")
    return _number(cells[1], f"{where} count"), _number(cells[2], f"{where} sum")


def _line(cells: Sequence[str], number: int) -> DayEndLine:
    where = f"day-end file line {number}"
    if len(cells) != len(FIELDS):
        raise BadInput(f"{len(cells)} fields instead of {len(FIELDS)}", where=where, hint=f"they are {'|'.join(FIELDS)}")
    serial, bill_id, account_number, amount, paid_at, reference, owner = cells
    if not serial:
        raise BadInput("the serial is empty", where=where)
    return DayEndLine(
        serial, bill_id, account_number, _number(amount, f"{where} amount"), _instant(paid_at, f"{where} paid_at"), reference, owner, number
    )  # fmt: skip


def _agree(lines: Sequence[DayEndLine], count: int, total: int) -> None:
    found, summed = len(lines), sum(line.amount for line in lines)
    if found != count:
        raise BadInput(f"{found} lines, but the summary counts {count}", where="day-end file", hint="fetch the file again")
    if summed != total:
        raise BadInput(f"the lines sum to {summed} fen, but the summary says {total}", where="day-end file", hint="ask the biller")


def _number(text: str, where: str) -> int:
    if not re.fullmatch("[0-9]{1,16}", text, re.ASCII) or int(text) > MAX_AMOUNT:
        raise BadInput(f"{text[:20]!r} is not a whole number from 0 to {MAX_AMOUNT}", where=where)
    return int(text)


def _instant(text: str, where: str) -> datetime:
    try:
        if not re.fullmatch("[0-9]{14}", text, re.ASCII):
            raise ValueError
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=SHANGHAI)
    except ValueError:
        raise BadInput(f"{text[:20]!r} is not a time", where=where, hint="yyyymmddhhmmss, Shanghai") from None

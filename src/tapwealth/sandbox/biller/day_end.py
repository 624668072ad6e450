"""The biller's day-end file: GBK, `|` between fields, LF after each line; a summary line, then one line per payment of the day, in fen."""

import sqlite3
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tapwealth.kernel.clock import SHANGHAI
from tapwealth.sandbox.faults import Fault


@dataclass(frozen=True, slots=True)
class Line:
    """One payment as the file tells it."""

    serial: str
    bill_id: str
    account_number: str
    amount: int
    paid_at: datetime
    biller_reference: str
    owner: str

    def text(self) -> str:
        stamp = self.paid_at.astimezone(SHANGHAI).strftime("%Y%m%d%H%M%S")
        return "|".join((self.serial, self.bill_id, self.account_number, str(self.amount), stamp, self.biller_reference, self.owner))


def lines_of(tx: sqlite3.Connection, day: date) -> list[Line]:
    """The payments of a day, by serial."""
    rows = tx.execute(
        "SELECT p.*, b.owner FROM payment p LEFT JOIN bill b USING (bill_id) WHERE p.state = 'paid' AND p.paid_on = ? ORDER BY p.serial",
        (day.isoformat(),),
    )
    return [
        Line(
            r["serial"],
            r["bill_id"],
            r["account_number"],
            r["amount"],
            datetime.fromisoformat(r["paid_at"]),
            r["biller_reference"],
            r["owner"] or "",
        )
        for r in rows
    ]


def spoiled(lines: list[Line], fault: Fault | None) -> list[Line]:
    """What a fault makes of the lines; the summary will agree with what is left of them."""
    if not lines:
        return lines
    first, rest = lines[0], lines[1:]
    match fault:
        case Fault.SHORT_FILE:
            return rest
        case Fault.DOUBLE:
            return [first, *lines]
        case Fault.ONE_FEN:
            return [_replaced(first, first.amount + 1, first.paid_at), *rest]
        case Fault.WRONG_DAY:
            return [_replaced(first, first.amount, first.paid_at - timedelta(days=1)), *rest]
        case _:
            return lines


def _replaced(line: Line, amount: int, paid_at: datetime) -> Line:
    return Line(line.serial, line.bill_id, line.account_number, amount, paid_at, line.biller_reference, line.owner)


def render(day: date, lines: list[Line]) -> bytes:
    """The file: `yyyymmdd|count|sum in fen`, then the lines."""
    summary = f"{day:%Y%m%d}|{len(lines)}|{sum(line.amount for line in lines)}"
    return "".join(f"{text}\n" for text in (summary, *(line.text() for line in lines))).encode("gbk")

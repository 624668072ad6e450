"""The insurer's side of settlements: what commission it has agreed to, and each statement that it is given against its own books.

It reckons commission by itself, from its events in the order in which they came: of a premium, without interest on it, the agreed rate of
that day, of premium that goes back the same part of the commission, latest premium first; the whole of it where a policy is given back for
its premium less the cost that was agreed for the free look, within those days.
"""

import asyncio
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Annotated, BinaryIO

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tapwealth.kernel.refusal import BadInput
from tapwealth.sandbox.faults import Fault, withheld
from tapwealth.sandbox.messages import Body, FenOrZero, Text, body_into, day_in, hash_of, json_answer, json_body, one_line
from tapwealth.sandbox.process import Partner
from tapwealth.wire.sealed_csv import SealedCsv
from tapwealth.wire.sorted_csv import LOT, sort_records

SCHEMA = """
CREATE TABLE IF NOT EXISTS commission (
  product TEXT NOT NULL, from_day TEXT NOT NULL, per_million INTEGER NOT NULL,
  free_look_days INTEGER NOT NULL, free_look_cost INTEGER NOT NULL,
  PRIMARY KEY (product, from_day));
CREATE TABLE IF NOT EXISTS settlement (day TEXT PRIMARY KEY, digest TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS settled (serial TEXT NOT NULL, event TEXT NOT NULL, day TEXT NOT NULL, PRIMARY KEY (serial, event));
"""
_MONEY = ("premium", "commission", "net")
STATEMENT = SealedCsv("statement", ("event", "serial", "policy_number", *_MONEY), _MONEY, signed=("commission", "net"), named_by=2)
MILLION = 1_000_000
KEPT = "deducted"
"""Of a claim's payment: such a premium never came by the house, which has its commission all the same."""
TAKEN = ("issued", "premium", "renewed", "reinstated", KEPT)
GOES_BACK = ("cancelled", "lapsed", "premiums_back")


class Agreement(Body):
    """Of a product's premiums `per_million` are commission from that day on; an illness is paid after `waiting_days`."""

    product: Text
    from_day: date
    per_million: Annotated[int, msgspec.Meta(ge=0, le=MILLION)]
    free_look_days: Annotated[int, msgspec.Meta(ge=0, le=365)] = 0
    free_look_cost: FenOrZero = 0
    waiting_days: Annotated[int, msgspec.Meta(ge=0, le=365)] | None = None


class Agreements(Body):
    """All that is agreed from now on."""

    agreements: list[Agreement]


class _Difference(msgspec.Struct):
    serial: str
    event: str
    amount: int
    text: str


_Line = tuple[str, str, str, int, int]
"""Event, serial, policy number, premium, commission."""
_Ours = tuple[int, int]
"""Premium and commission."""


async def _agree(partner: Partner, request: Request) -> Response:
    body = await json_body(request, Agreements)
    with partner.store.tx() as tx:
        tx.execute("DELETE FROM commission")
        tx.executemany(
            "INSERT OR REPLACE INTO commission VALUES (?, ?, ?, ?, ?)",
            [(one.product, one.from_day.isoformat(), one.per_million, one.free_look_days, one.free_look_cost) for one in body.agreements],
        )
        tx.execute("DELETE FROM waiting")
        waits = [(one.product, one.waiting_days) for one in body.agreements if one.waiting_days is not None]
        tx.executemany("INSERT OR REPLACE INTO waiting VALUES (?, ?)", waits)
    return json_answer({"agreed": len(body.agreements)})


async def _settle(partner: Partner, request: Request) -> Response:
    day = day_in(request)
    with tempfile.TemporaryFile() as file:
        await body_into(request, file)
        await asyncio.to_thread(check_statement, file)
        return await partner.answer(request, "settlement_request", partial(_compare, partner, day, file))


def _compare(partner: Partner, day: date, file: BinaryIO) -> Response:
    planned = partner.planned_fault("settlement", day.isoformat())
    if withheld(planned, day, partner.now()):
        return one_line(f"the settlement of {day} is not compared yet", 202)
    digest, net, differences = hash_of(file), 0, list[_Difference]()
    with partner.store.tx() as tx:
        known = tx.execute("SELECT digest FROM settlement WHERE day = ?", (day.isoformat(),)).fetchone()
        if known is not None and known["digest"] != digest:
            return one_line(f"another settlement of {day} was given before", 409)
        tx.execute("INSERT OR IGNORE INTO settlement VALUES (?, ?)", (day.isoformat(), digest))
        fault = None if planned is None else planned.fault
        for line in _lines(file):
            ours, fault = _misread(_expected(tx, line), fault), None
            net += 0 if ours is None else ours[0] - ours[1]
            differences += _of_line(tx, day, line, ours)
    return json_answer({"digest": digest, "net": net, "differences": differences})


def check_statement(file: BinaryIO) -> None:
    """Raises BadInput for a statement that is torn, altered or does not add up."""
    with tempfile.TemporaryDirectory() as folder:
        sort_records(STATEMENT, file, Path(folder) / "by_name")
    for number, (*_, premium, commission, net) in enumerate(_records(file), 2):
        if int(net) != int(premium) - int(commission):
            raise BadInput(f"{net} fen are not {premium} less {commission}", where=f"statement record {number}", hint="send it right")


def _lines(file: BinaryIO) -> Iterator[_Line]:
    """Of a statement that is checked."""
    for event, serial, policy, premium, commission, _ in _records(file):
        yield event, serial, policy, int(premium), int(commission)


def _records(file: BinaryIO) -> Iterator[list[str]]:
    return chain.from_iterable(STATEMENT.lots(file, LOT))


def _expected(tx: sqlite3.Connection, line: _Line) -> _Ours | None:
    """What the books have of what a line names."""
    policy = tx.execute("SELECT product FROM policy WHERE policy_number = ?", (line[2],)).fetchone()
    rows = tx.execute("SELECT * FROM event WHERE policy_number = ? ORDER BY rowid", (line[2],)).fetchall()
    return None if policy is None else reckoned(tx, policy["product"], rows).get((line[1], line[0]))


def reckoned(tx: sqlite3.Connection, product: str, rows: Sequence[sqlite3.Row]) -> dict[tuple[str, str], tuple[int, int]]:
    """A policy's events with the premium and the commission of each."""
    standing: list[list[int]] = []
    found = {}
    for row in rows:
        amount = -row["amount"] if row["event"] in GOES_BACK else row["amount"]
        if row["event"] not in (*TAKEN, *GOES_BACK, "endorsed"):
            continue
        if amount > 0:
            premium = amount - _interest(tx, row)
            commission = _rounded(premium * _agreed(tx, product, row["day"])["per_million"], MILLION)
            standing.append([premium, commission])
        elif row["event"] == "cancelled" and _given_back(tx, product, rows[0], row, sum(one[0] for one in standing)):
            commission, standing = -sum(one[1] for one in standing), []
        else:
            commission = -_taken_back(standing, -amount)
        found[row["serial"], row["event"]] = (0 if row["event"] == KEPT else max(amount, 0), commission)
    return found


def _interest(tx: sqlite3.Connection, row: sqlite3.Row) -> int:
    """Fen of what was paid to be reinstated that are no premium."""
    if row["event"] != "reinstated":
        return 0
    found = tx.execute("SELECT interest FROM premium WHERE serial = ?", (row["serial"],)).fetchone()
    return 0 if found is None else int(found["interest"])


def _given_back(tx: sqlite3.Connection, product: str, first: sqlite3.Row, last: sqlite3.Row, paid: int) -> bool:
    """Whether a cancellation is a free look's, of `paid` fen in all. It counts from the day on which the policyholder had the policy. A
    request of its last minute may lie under the date after; in books of an earlier kind the days of issue and request stand for what they
    do not say."""
    agreed = _agreed(tx, product, first["day"])
    refund = max(paid - agreed["free_look_cost"], 0)
    asked = tx.execute("SELECT asked_on FROM cancellation WHERE serial = ?", (last["serial"],)).fetchone()
    received = tx.execute("SELECT received_on FROM receipt WHERE serial = ?", (last["serial"],)).fetchone()
    asked_on = date.fromisoformat(last["day"] if asked is None else asked["asked_on"])
    received_on = date.fromisoformat(first["day"] if received is None else received["received_on"])
    until = received_on + timedelta(days=agreed["free_look_days"] + 1)
    return bool(agreed["free_look_days"]) and last["amount"] == refund and asked_on <= until


def _agreed(tx: sqlite3.Connection, product: str, day: str) -> dict[str, int]:
    row = tx.execute(
        "SELECT per_million, free_look_days, free_look_cost FROM commission WHERE product = ? AND from_day <= ? ORDER BY from_day DESC",
        (product, day),
    ).fetchone()
    return {"per_million": 0, "free_look_days": 0, "free_look_cost": 0} if row is None else dict(row)


def _taken_back(standing: list[list[int]], back: int) -> int:
    taken = 0
    while back > 0 and standing:
        premium, commission = standing[-1]
        now = min(back, premium)
        part = _rounded(commission * now, premium)
        taken, back = taken + part, back - now
        standing[-1] = [premium - now, commission - part]
        if now == premium:
            standing.pop()
    return taken


def _rounded(amount: int, divisor: int) -> int:
    """Half-up."""
    return (2 * amount + divisor) // (2 * divisor)


def _misread(ours: _Ours | None, fault: Fault | None) -> _Ours | None:
    """The insurer errs about the first line."""
    if ours is None or fault is Fault.SHORT_FILE:
        return None
    return (ours[0] + 1, ours[1]) if fault is Fault.ONE_FEN else ours


def _of_line(tx: sqlite3.Connection, day: date, line: _Line, expected: _Ours | None) -> list[_Difference]:
    """What is wrong with a line; one that is right is settled."""
    event, serial, _, premium, commission = line
    if expected is None:
        return [_Difference(serial, event, premium - commission, "not in the books")]
    settled = tx.execute(
        "INSERT INTO settled VALUES (?, ?, ?) ON CONFLICT (serial, event) DO UPDATE SET day = day RETURNING day",
        (serial, event, day.isoformat()),
    ).fetchone()["day"]
    if settled != day.isoformat():
        return [_Difference(serial, event, premium - commission, f"settled on {settled}")]
    if (premium, commission) != expected:
        text = f"premium {expected[0]} and commission {expected[1]} fen in the books"
        return [_Difference(serial, event, premium - commission - expected[0] + expected[1], text)]
    return []


def routes(partner: Partner) -> list[Route]:
    """Of settlements."""
    return [
        Route("/admin/commission", partial(_agree, partner), methods=["POST"]),
        Route("/settlements/{day}", partial(_settle, partner), methods=["POST"]),
    ]

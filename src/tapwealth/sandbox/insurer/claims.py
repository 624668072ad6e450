"""The insurer's claims: what it was asked to pay, what it thinks of it, and what of it came back.

It looks into its own books: whether the policy was in force on the day of the loss, whether what was lost was paid for before, how much of
the sum insured is left, and whether premium that it is to keep goes on from what was paid. What it keeps is booked as paid in time. What it
agrees to it owes the bank in the same `tx`, once by serial.
"""

import sqlite3
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import partial

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tapwealth.kernel.clock import business_date_of
from tapwealth.sandbox.faults import Fault, PlannedFault, next_fault
from tapwealth.sandbox.insurer import books, premiums
from tapwealth.sandbox.insurer.books import State, digest_of
from tapwealth.sandbox.messages import Body, Fen, Text, json_answer, json_body, one_line
from tapwealth.sandbox.outbox import BANK, Message
from tapwealth.sandbox.process import Partner

CLAIMS_SCHEMA = """
CREATE TABLE IF NOT EXISTS claim (
  serial TEXT PRIMARY KEY, policy_number TEXT NOT NULL, claim TEXT NOT NULL, identity TEXT NOT NULL, loss_day TEXT NOT NULL,
  asked INTEGER NOT NULL, sum_insured INTEGER NOT NULL, agreed INTEGER NOT NULL, reason TEXT NOT NULL, day TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS claim_policy ON claim (policy_number);
CREATE TABLE IF NOT EXISTS receiver (
  serial TEXT NOT NULL REFERENCES claim, place INTEGER NOT NULL, name TEXT NOT NULL, identity_number TEXT NOT NULL, amount INTEGER NOT NULL,
  PRIMARY KEY (serial, place));
CREATE TABLE IF NOT EXISTS guardian (
  serial TEXT NOT NULL REFERENCES claim, place INTEGER NOT NULL, name TEXT NOT NULL, identity_number TEXT NOT NULL, relation TEXT NOT NULL,
  account TEXT NOT NULL, words TEXT NOT NULL, PRIMARY KEY (serial, place));
CREATE TABLE IF NOT EXISTS waiting (product TEXT PRIMARY KEY, days INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS recovery (serial TEXT PRIMARY KEY, claim TEXT NOT NULL, amount INTEGER NOT NULL, day TEXT NOT NULL);
"""
PREMIUMS, ILLNESS = "premiums:", "illness:"
"""Begins what is claimed where an illness came too early: what was paid for the policy; and where it did not."""
OWN_ACCOUNT, CUSTOMER_RESERVE = "0200000002", "0100000001"


class Reason(StrEnum):
    """Why nothing is paid."""

    UNKNOWN_POLICY = "unknown_policy"
    NOT_IN_FORCE_THEN = "not_in_force_then"
    CLAIMED_BEFORE = "claimed_before"
    SUM_INSURED_USED = "sum_insured_used"
    OTHER_SUM_INSURED = "other_sum_insured"
    OTHER_SHARES = "other_shares"
    NO_GUARDIAN = "no_guardian"
    OTHER_PREMIUM = "other_premium"
    MORE_THAN_PREMIUMS = "more_than_premiums"
    WITHIN_WAITING = "within_waiting"
    NOT_WITHIN_WAITING = "not_within_waiting"


class GuardianBody(Body):
    """Who acts for a child: to that account it is paid, with those words."""

    name: Text
    identity_number: Text
    relation: Text
    account: Text
    words: Text


class ReceiverBody(Body):
    """Whom so much of what is paid at a death goes to."""

    name: Text
    identity_number: Text
    amount: Fen
    guardian: GuardianBody | None = None


class DeductedBody(Body, rename={"from_day": "from", "to_day": "to"}):
    """Premium that was owed: it is kept, and pays from `from` to before `to`."""

    amount: Fen
    from_day: date
    to_day: date


class ClaimBody(Body):
    """A loss to pay for."""

    serial: Text
    policy_number: Text
    claim: Text
    identity: Text
    loss_day: date
    amount: Fen
    sum_insured: Fen
    to_named: bool = False
    receivers: tuple[ReceiverBody, ...] = ()
    deducted: DeductedBody | None = None
    by_accident: bool = False


class RecoveredBody(Body):
    """Money of a claim that has come back."""

    serial: Text
    claim: Text
    amount: Fen


def decide(tx: sqlite3.Connection, asked: ClaimBody, now: datetime, fault: Fault | None) -> tuple[sqlite3.Row | None, bool]:
    """The claim as decided (None if its serial was used for another one), and whether that was just now. A fault may make it lower."""
    earlier = _found(tx, asked.serial)
    if earlier is not None:
        same = (asked.policy_number, asked.claim, asked.identity, asked.loss_day.isoformat(), asked.amount, asked.sum_insured)
        told = tuple(earlier[name] for name in ("policy_number", "claim", "identity", "loss_day", "asked", "sum_insured"))
        return (earlier if told == same and _kept_so(tx, earlier, asked) else None), False
    reason = _refused(tx, asked, business_date_of(now))
    lower = asked.amount - asked.amount // 4 if fault is Fault.LOWER else asked.amount
    agreed, day = 0 if reason else lower, business_date_of(now).isoformat()
    tx.execute(
        "INSERT INTO claim VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (asked.serial, asked.policy_number, asked.claim, asked.identity, asked.loss_day.isoformat(), asked.amount, asked.sum_insured,
         agreed, reason, day),
    )  # fmt: skip
    if agreed:
        _receive(tx, asked, agreed)
        event = "premiums_back" if asked.identity.startswith(PREMIUMS) else "claimed"
        tx.execute("INSERT INTO event VALUES (?, ?, ?, ?, ?)", (asked.serial, day, asked.policy_number, event, agreed))
        if asked.deducted is not None:
            _keep(tx, asked, asked.deducted, now)
    return _found(tx, asked.serial), True


def _keep(tx: sqlite3.Connection, asked: ClaimBody, kept: DeductedBody, now: datetime) -> None:
    """The premium is paid, in time: a suspension that began for it is struck out."""
    number, days = asked.policy_number, (kept.from_day.isoformat(), kept.to_day.isoformat())
    books.remember(tx, asked.serial, "deduct", digest_of("deduct", number, str(kept.amount), *days), number, State.BOOKED, "")
    tx.execute("INSERT INTO premium VALUES (?, ?, ?, 0, ?, ?)", (asked.serial, number, kept.amount, *days))
    books.happened(tx, asked.serial, now, number, "deducted", kept.amount)
    if tx.execute("UPDATE policy SET state = 'in_force' WHERE policy_number = ? AND state = 'suspended'", (number,)).rowcount:
        tx.execute(
            "DELETE FROM suspension WHERE policy_number = ?1"
            " AND from_day = (SELECT max(from_day) FROM suspension WHERE policy_number = ?1)",
            (number,),
        )


def _kept_so(tx: sqlite3.Connection, earlier: sqlite3.Row, asked: ClaimBody) -> bool:
    """Whether the same premium was to be kept; of a claim that was refused none was."""
    row = tx.execute("SELECT amount, from_day, to_day FROM premium WHERE serial = ?", (asked.serial,)).fetchone()
    kept = asked.deducted
    same = None if kept is None else (kept.amount, kept.from_day.isoformat(), kept.to_day.isoformat())
    return not earlier["agreed"] or (None if row is None else tuple(row)) == same


def _receive(tx: sqlite3.Connection, asked: ClaimBody, agreed: int) -> None:
    """Whom it is paid to, of a lower sum in proportion: what that leaves over goes to the first ones by a fen each. Nobody: the estate."""
    shares = [one.amount * agreed // asked.amount for one in asked.receivers]
    left = agreed - sum(shares)
    rows = [
        (asked.serial, place, one.name, one.identity_number, share + (place < left))
        for place, (one, share) in enumerate(zip(asked.receivers, shares, strict=True))
    ]
    tx.executemany("INSERT INTO receiver VALUES (?, ?, ?, ?, ?)", rows)
    acting = [(place, one.guardian) for place, one in enumerate(asked.receivers) if one.guardian is not None]
    tx.executemany(
        "INSERT INTO guardian VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(asked.serial, place, of.name, of.identity_number, of.relation, of.account, of.words) for place, of in acting],
    )


def _refused(tx: sqlite3.Connection, asked: ClaimBody, today: date) -> str:
    policy = tx.execute("SELECT * FROM policy WHERE policy_number = ?", (asked.policy_number,)).fetchone()
    if policy is None:
        return Reason.UNKNOWN_POLICY
    day = asked.loss_day.isoformat()
    ended = tx.execute(
        "SELECT min(day) AS day FROM event WHERE policy_number = ? AND event IN ('cancelled', 'lapsed')", (asked.policy_number,)
    ).fetchone()
    if not policy["from_day"] <= day < policy["to_day"] or (ended["day"] is not None and ended["day"] < day):
        return Reason.NOT_IN_FORCE_THEN
    if _suspended(tx, asked):
        return Reason.NOT_IN_FORCE_THEN
    waits = _waits(tx, policy, asked)
    if waits:
        return waits
    paid = tx.execute("SELECT claim, identity, agreed, sum_insured FROM claim WHERE policy_number = ?", (asked.policy_number,)).fetchall()
    if any(one["agreed"] and _same(one["identity"], asked.identity) and one["claim"] != asked.claim for one in paid):
        return Reason.CLAIMED_BEFORE
    if asked.identity.startswith(PREMIUMS) and asked.amount > policy["premium"] + _later_premiums(tx, asked.policy_number):
        return Reason.MORE_THAN_PREMIUMS
    if any(one["agreed"] and one["sum_insured"] != asked.sum_insured for one in paid):
        return Reason.OTHER_SUM_INSURED
    if asked.receivers and (not asked.to_named or sum(one.amount for one in asked.receivers) != asked.amount):
        return Reason.OTHER_SHARES
    if not all(_may_receive(one, today) for one in asked.receivers):
        return Reason.NO_GUARDIAN
    if asked.deducted is not None and not _is_owed(tx, policy, asked, asked.deducted):
        return Reason.OTHER_PREMIUM
    used = sum(one["agreed"] for one in paid) + _kept_before(tx, asked.policy_number)
    wanted = asked.amount + (0 if asked.deducted is None else asked.deducted.amount)
    return Reason.SUM_INSURED_USED if used + wanted > asked.sum_insured else ""


def _may_receive(one: ReceiverBody, today: date) -> bool:
    """Who is under 18, by the birthday in the number, receives by a guardian who is not."""
    acts = one.guardian
    return _of_age(one.identity_number, today) if acts is None else _of_age(acts.identity_number, today)


def _of_age(identity_number: str, today: date) -> bool:
    born = identity_number[6:14]
    return not born.isdigit() or int(f"{today:%Y%m%d}") - int(born) >= 18_00_00


def _suspended(tx: sqlite3.Connection, asked: ClaimBody) -> bool:
    """Whether the loss was within a suspension, and before the day on which the policy was reinstated."""
    query = (
        "SELECT 1 FROM suspension s WHERE policy_number = ?1 AND from_day <= ?2 AND NOT EXISTS (SELECT 1 FROM event e"
        " WHERE e.policy_number = ?1 AND e.event = 'reinstated' AND e.day BETWEEN s.from_day AND ?2)"
    )
    return tx.execute(query, (asked.policy_number, asked.loss_day.isoformat())).fetchone() is not None


def _waits(tx: sqlite3.Connection, policy: sqlite3.Row, asked: ClaimBody) -> str:
    """Why an illness is not paid so: what it brings hangs on whether it came within the days agreed, from the beginning of cover. They
    begin anew with no reinstatement, and an accident knows none."""
    agreed = tx.execute("SELECT days FROM waiting WHERE product = ?", (policy["product"],)).fetchone()
    if agreed is None:
        return ""
    early = asked.loss_day < date.fromisoformat(policy["from_day"]) + timedelta(days=agreed["days"])
    if early and asked.identity.startswith(ILLNESS) and not asked.by_accident:
        return Reason.WITHIN_WAITING
    return Reason.NOT_WITHIN_WAITING if asked.identity.startswith(PREMIUMS) and not early else ""


def _is_owed(tx: sqlite3.Connection, policy: sqlite3.Row, asked: ClaimBody, kept: DeductedBody) -> bool:
    """Whether it goes on from what was paid, and was due when it was lost."""
    return kept.from_day <= asked.loss_day and premiums.goes_on(tx, policy, kept.from_day, kept.to_day)


def _kept_before(tx: sqlite3.Connection, policy_number: str) -> int:
    """Fen of premium that were kept of earlier losses: they were paid for them."""
    query = "SELECT coalesce(sum(amount), 0) FROM event WHERE policy_number = ? AND event = 'deducted'"
    found: int = tx.execute(query, (policy_number,)).fetchone()[0]
    return found


def _same(paid: str, identity: str) -> bool:
    """Whether it was paid for before: the same, or all premiums were given back, which ended the policy."""
    return paid == identity or paid.startswith(PREMIUMS)


def _later_premiums(tx: sqlite3.Connection, policy_number: str) -> int:
    found: int = tx.execute("SELECT coalesce(sum(amount), 0) FROM premium WHERE policy_number = ?", (policy_number,)).fetchone()[0]
    return found


def recovered(tx: sqlite3.Connection, told: RecoveredBody, now: datetime) -> bool:
    """Take note, once by serial; false for a claim that was never paid."""
    paid = tx.execute("SELECT policy_number FROM claim WHERE claim = ? AND agreed > 0", (told.claim,)).fetchone()
    if paid is None:
        return False
    day = business_date_of(now).isoformat()
    if tx.execute("INSERT OR IGNORE INTO recovery VALUES (?, ?, ?, ?)", (told.serial, told.claim, told.amount, day)).rowcount:
        tx.execute("INSERT INTO event VALUES (?, ?, ?, 'recovered', ?)", (told.serial, day, paid["policy_number"], told.amount))
    return True


def _found(tx: sqlite3.Connection, serial: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = tx.execute("SELECT * FROM claim WHERE serial = ?", (serial,)).fetchone()
    return row


async def _claim(partner: Partner, request: Request) -> Response:
    body = await json_body(request, ClaimBody)
    return await partner.answer(request, "claim", partial(_decide, partner, body), body.serial)


def _decide(partner: Partner, body: ClaimBody) -> Response:
    with partner.store.tx() as tx:
        planned = next_fault(tx, "claim_assessment", body.serial)
        decided, just_now = decide(tx, body, partner.now(), None if planned is None else planned.fault)
        if just_now and decided is not None and decided["agreed"] and not body.to_named:
            _owe(partner, body.serial, decided["agreed"], next_fault(tx, "claim_payment", body.serial))
    return _told(body.serial, decided)


def _owe(partner: Partner, serial: str, agreed: int, planned: PlannedFault | None) -> None:
    """Paid once, whatever is repeated: the bank knows the end-to-end id. A doubled payment is one under two ids."""
    fault = None if planned is None else planned.fault
    amount = agreed + 1 if fault is Fault.ONE_FEN else agreed
    for name in (serial, f"{serial}-2") if fault is Fault.DOUBLE else (serial,):
        transfer = {"from": OWN_ACCOUNT, "to": CUSTOMER_RESERVE, "amount": amount, "end_to_end_id": name, "text": "claim"}
        message = Message(f"claim {name}", "claim_payment", "/admin/transfer", msgspec.json.encode(transfer), "application/json", BANK)
        partner.push(message, None if fault is Fault.DOUBLE else planned)


def _told(serial: str, claim: sqlite3.Row | None) -> Response:
    if claim is None:
        return one_line(f"serial {serial} was used for another claim", 409)
    if claim["agreed"]:
        return json_answer({"serial": serial, "state": "agreed", "amount": claim["agreed"]})
    return json_answer({"serial": serial, "state": "refused", "reason": claim["reason"], "on": claim["day"]})


async def _inquire(partner: Partner, request: Request) -> Response:
    return await partner.answer(request, "inquiry", partial(_look, partner, request.path_params["serial"]))


def _look(partner: Partner, serial: str) -> Response:
    with partner.store.tx() as tx:
        found = _found(tx, serial)
    return one_line(f"serial {serial} never came", 404) if found is None else _told(serial, found)


async def _recovered(partner: Partner, request: Request) -> Response:
    body = await json_body(request, RecoveredBody)
    return await partner.answer(request, "recovered", partial(_note, partner, body), body.serial)


def _note(partner: Partner, body: RecoveredBody) -> Response:
    with partner.store.tx() as tx:
        known = recovered(tx, body, partner.now())
    return json_answer({"serial": body.serial, "state": "noted"}) if known else one_line(f"claim {body.claim} was never paid", 404)


def routes(partner: Partner) -> list[Route]:
    """What is asked of it about claims."""
    return [
        Route("/claims", partial(_claim, partner), methods=["POST"]),
        Route("/claims/recovered", partial(_recovered, partner), methods=["POST"]),
        Route("/claims/{serial}", partial(_inquire, partner)),
    ]


def dump(tx: sqlite3.Connection) -> dict[str, list[list[object]]]:
    """Everything but names, in an order that does not depend on the run; nothing where there is nothing."""
    claims = "SELECT c.day, p.product, c.loss_day, c.asked, c.agreed, c.reason FROM claim c JOIN policy p USING (policy_number)"
    found = {
        "claims": [list(row) for row in tx.execute(f"{claims} ORDER BY 1, 2, 3, 4, 5, 6")],
        "receivers": [
            list(row)
            for row in tx.execute(
                "SELECT c.day, c.asked, r.place, r.amount FROM receiver r JOIN claim c USING (serial) ORDER BY 1, 2, 3, 4"
            )
        ],
        "guardians": [
            list(row)
            for row in tx.execute("SELECT c.day, g.place, g.relation FROM guardian g JOIN claim c USING (serial) ORDER BY 1, 2, 3")
        ],
        "recoveries": [list(row) for row in tx.execute("SELECT day, amount FROM recovery ORDER BY 1, 2")],
    }
    return {name: rows for name, rows in found.items() if rows}

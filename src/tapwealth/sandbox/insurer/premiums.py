"""The insurer's books of policies that stand: premiums of later years, suspensions, lapses, reinstatements, renewals.

It books what it is told once by serial, and refuses what its own books contradict: a premium that does not go on from the one before, a
policy that is not in force, or not suspended. It reinstates no policy that was suspended for longer than a year: for that it would want to
hear again how the insured person is.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.refusal import BadInput
from tapwealth.sandbox.insurer import books
from tapwealth.sandbox.insurer.answers import owe_refund, told
from tapwealth.sandbox.insurer.books import Reason, State, digest_of
from tapwealth.sandbox.messages import Body, Fen, FenOrZero, Text, json_body
from tapwealth.sandbox.process import Partner

DECLARATION_AFTER = timedelta(days=365)
"""Of suspension: no reinstatement without a new declaration of health."""


class PremiumBody(Body, rename={"from_day": "from", "to_day": "to"}):
    """The premium of a later year, or the premiums of several: `to` is the first day that it does not pay for. `interest` is on what was
    owed when a policy is reinstated."""

    serial: Text
    amount: Fen
    from_day: date
    to_day: date
    interest: FenOrZero = 0


class SuspendBody(Body, rename={"from_day": "from"}):
    """Cover is suspended from that day on."""

    serial: Text
    from_day: date


class LapseBody(Body, rename={"from_day": "from"}):
    """A policy is over from that day on, and the refund agreed."""

    serial: Text
    refund: FenOrZero
    from_day: date


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of a policy under a serial: `parts` tell it from other content; fen."""

    serial: str
    kind: str
    policy_number: str
    parts: tuple[str, ...]

    @property
    def digest(self) -> str:
        return digest_of(self.kind, self.policy_number, *self.parts)


Deed = Callable[[sqlite3.Connection, sqlite3.Row, datetime], State | Reason]
"""What is done with a policy that is there; a reason if it is not."""


def decide(tx: sqlite3.Connection, order: Told, now: datetime, deed: Deed) -> tuple[sqlite3.Row | None, bool]:
    """The request as decided (None if its serial was used for another), and whether it was decided just now."""
    earlier = books.recalled(tx, order.serial)
    if earlier is not None:
        return (earlier if earlier["digest"] == order.digest else None), False
    policy = tx.execute("SELECT * FROM policy WHERE policy_number = ?", (order.policy_number,)).fetchone()
    done = Reason.UNKNOWN_POLICY if policy is None else deed(tx, policy, now)
    state, reason = (State.REJECTED, done.value) if isinstance(done, Reason) else (done, "")
    books.remember(tx, order.serial, order.kind, order.digest, order.policy_number, state, reason)
    return books.recalled(tx, order.serial), not reason


def _paid_until(tx: sqlite3.Connection, number: str) -> str | None:
    """What the last premium paid for to; None where that was not said of the first one."""
    query = (
        "SELECT max(until) FROM (SELECT to_day AS until FROM premium WHERE policy_number = ?1"
        " UNION ALL SELECT paid_until FROM first_premium WHERE policy_number = ?1)"
    )
    found: str | None = tx.execute(query, (number,)).fetchone()[0]
    return found


def goes_on(tx: sqlite3.Connection, policy: sqlite3.Row, from_day: date, to_day: date) -> bool:
    """Whether a premium for these days begins where the one before ended."""
    before = _paid_until(tx, policy["policy_number"])
    begins = from_day.isoformat() > policy["from_day"] if before is None else from_day.isoformat() == before
    return begins and from_day < to_day and to_day.isoformat() <= policy["to_day"]


def _add(tx: sqlite3.Connection, number: str, body: PremiumBody) -> None:
    row = (body.serial, number, body.amount, body.interest, body.from_day.isoformat(), body.to_day.isoformat())
    tx.execute("INSERT INTO premium VALUES (?, ?, ?, ?, ?, ?)", row)


def _stands(tx: sqlite3.Connection, number: str, state: State) -> None:
    tx.execute("UPDATE policy SET state = ? WHERE policy_number = ?", (state.value, number))


def book(body: PremiumBody, tx: sqlite3.Connection, policy: sqlite3.Row, now: datetime) -> State | Reason:
    """A premium of a policy in force."""
    if policy["state"] != State.IN_FORCE:
        return Reason.NOT_IN_FORCE
    if body.interest or not goes_on(tx, policy, body.from_day, body.to_day):
        return Reason.OTHER_TIME
    _add(tx, policy["policy_number"], body)
    books.happened(tx, body.serial, now, policy["policy_number"], "premium", body.amount)
    return State.BOOKED


def reinstate(body: PremiumBody, tx: sqlite3.Connection, policy: sqlite3.Row, now: datetime) -> State | Reason:
    """A suspended policy is in force again."""
    number = policy["policy_number"]
    if policy["state"] != State.SUSPENDED:
        return Reason.NOT_SUSPENDED
    if not goes_on(tx, policy, body.from_day, body.to_day):
        return Reason.OTHER_TIME
    since = tx.execute("SELECT max(from_day) FROM suspension WHERE policy_number = ?", (number,)).fetchone()[0]
    if business_date_of(now) - date.fromisoformat(since) > DECLARATION_AFTER:
        return Reason.DECLARATION_NEEDED
    _add(tx, number, body)
    _stands(tx, number, State.IN_FORCE)
    books.happened(tx, body.serial, now, number, "reinstated", body.amount + body.interest)
    return State.REINSTATED


def suspend(body: SuspendBody, tx: sqlite3.Connection, policy: sqlite3.Row, _now: datetime) -> State | Reason:
    """Cover of a policy in force is suspended."""
    if policy["state"] != State.IN_FORCE:
        return Reason.NOT_IN_FORCE
    tx.execute("INSERT INTO suspension VALUES (?, ?)", (policy["policy_number"], body.from_day.isoformat()))
    _stands(tx, policy["policy_number"], State.SUSPENDED)
    return State.SUSPENDED


def lapse(body: LapseBody, tx: sqlite3.Connection, policy: sqlite3.Row, now: datetime) -> State | Reason:
    """A suspended policy is over."""
    number = policy["policy_number"]
    if policy["state"] != State.SUSPENDED:
        return Reason.NOT_SUSPENDED
    paid = policy["premium"] + tx.execute("SELECT coalesce(sum(amount), 0) FROM premium WHERE policy_number = ?", (number,)).fetchone()[0]
    if body.refund > paid:
        return Reason.REFUND_ABOVE_PREMIUM
    _stands(tx, number, State.LAPSED)
    books.happened(tx, body.serial, now, number, "lapsed", body.refund)
    return State.LAPSED


def may_renew(tx: sqlite3.Connection, renews: str, from_day: date) -> str:
    """Why no policy goes on from that one on that day; empty: it may."""
    policy = tx.execute("SELECT state, to_day FROM policy WHERE policy_number = ?", (renews,)).fetchone()
    if policy is None:
        return Reason.UNKNOWN_POLICY
    if policy["state"] != State.IN_FORCE:
        return Reason.NOT_IN_FORCE
    return "" if policy["to_day"] == from_day.isoformat() else Reason.OTHER_TIME


def _order(kind: str, number: str, body: PremiumBody | SuspendBody | LapseBody) -> Told:
    said = [getattr(body, name) for name in body.__struct_fields__ if name != "serial"]
    return Told(body.serial, kind, number, tuple(map(str, said)))


async def _premium(partner: Partner, request: Request) -> Response:
    body = await json_body(request, PremiumBody)
    if body.from_day >= body.to_day:
        raise BadInput(f"from {body.from_day} to {body.to_day} is no time", where="from, to", hint="`to` is the first day not paid for")
    return await _decided(partner, request, "premium", body, partial(book, body))


async def _reinstate(partner: Partner, request: Request) -> Response:
    body = await json_body(request, PremiumBody)
    return await _decided(partner, request, "reinstate", body, partial(reinstate, body))


async def _suspend(partner: Partner, request: Request) -> Response:
    body = await json_body(request, SuspendBody)
    return await _decided(partner, request, "suspend", body, partial(suspend, body))


async def _lapse(partner: Partner, request: Request) -> Response:
    body = await json_body(request, LapseBody)
    return await _decided(partner, request, "lapse", body, partial(lapse, body))


async def _decided(partner: Partner, request: Request, kind: str, body: PremiumBody | SuspendBody | LapseBody, deed: Deed) -> Response:
    order = _order(kind, request.path_params["number"], body)

    def answer() -> Response:
        with partner.store.tx() as tx:
            decided, just_now = decide(tx, order, partner.now(), deed)
            if just_now and isinstance(body, LapseBody) and body.refund:
                owe_refund(partner, tx, body.serial, body.refund)
        return told(order.serial, decided)

    return await partner.answer(request, kind, answer, order.serial)


def routes(partner: Partner) -> list[Route]:
    """What is told of policies that stand."""
    return [
        Route("/policies/{number}/premiums", partial(_premium, partner), methods=["POST"]),
        Route("/policies/{number}/reinstate", partial(_reinstate, partner), methods=["POST"]),
        Route("/policies/{number}/suspend", partial(_suspend, partner), methods=["POST"]),
        Route("/policies/{number}/lapse", partial(_lapse, partner), methods=["POST"]),
    ]

"""What was declined on a date, for operations: how often for which reason, and each of the newest ones in words."""

from datetime import date, datetime
from typing import Any

import msgspec

from tapwealth.acquiring import store as acquiring
from tapwealth.issuing import tapped
from tapwealth.issuing.decline import DeclineReason
from tapwealth.issuing.tapped import DeclinedTap

NEWEST = 200
"""So many are shown one by one."""


class ReasonCount(msgspec.Struct, frozen=True):
    """How often a reason was given; `amount` in fen, `response_code` what the terminal was told."""

    reason: str
    meaning: str
    response_code: str
    count: int
    amount: int


class DeclineView(msgspec.Struct, frozen=True):
    """One of them: `text` says what was found; `card` is masked, and empty if it is none of ours. `at` by the platform's clock."""

    at: datetime
    merchant: str
    merchant_name: str
    terminal: str
    stan: str
    card: str
    amount: int
    response_code: str
    reason: str
    text: str


class DeclinesView(msgspec.Struct, frozen=True):
    """Reasons by how often they were given; the newest declines first."""

    date: date
    reasons: list[ReasonCount]
    newest: list[DeclineView]


async def declines_of(tx: Any, day: date) -> DeclinesView:
    names = {number: one.name for number, one in (await acquiring.merchants(tx)).items()}
    counted = [
        ReasonCount(name, _meaning(name), code, count, amount) for name, code, count, amount in await tapped.declines_by_reason(tx, day)
    ]
    return DeclinesView(day, counted, [_view(one, names.get(one.merchant_number, "")) for one in await tapped.declined_on(tx, day, NEWEST)])


def _meaning(name: str) -> str:
    found = DeclineReason.__members__.get(name.upper())
    return found.text if found else ""


def _view(one: DeclinedTap, merchant_name: str) -> DeclineView:
    reason, _, text = one.reason.partition(": ")
    return DeclineView(
        one.received_at,
        one.merchant_number,
        merchant_name,
        one.terminal_number,
        one.stan,
        one.masked,
        one.amount,
        one.response_code,
        reason,
        text,
    )

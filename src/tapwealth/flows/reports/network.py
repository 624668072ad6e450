"""Where the house and the card network stand: a date's files with their positions, what waits to be cleared, and what is disputed."""

from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from tapwealth.clearing import store
from tapwealth.clearing.store import Dispute, NetworkFile, PresentedItem
from tapwealth.flows.frame import House
from tapwealth.flows.reports.words import DISPUTES


class NetworkFileView(msgspec.Struct, frozen=True):
    """A file that was presented, and its answer. `position` in fen that we owe by it; below zero: are owed; null while there is none."""

    sequence: int
    items: int
    amount: int
    taken: bool
    cleared: bool
    position: int | None


class WaitingView(msgspec.Struct, frozen=True):
    """What was presented and is not cleared yet."""

    kind: str
    reference: str
    terminal: str
    amount: int
    presented_on: date


class DisputeView(msgspec.Struct, frozen=True):
    """What the network is to put right. `dispute` names it; `due` is its part in what we owe the network, in fen; `why` also in words."""

    dispute: UUID
    why: str
    why_zh: str
    why_en: str
    kind: str
    reference: str
    acquirer: str
    terminal: str
    amount: int
    due: int
    found_on: date


class NetworkView(msgspec.Struct, frozen=True):
    """Files of the date; what waits and what is disputed now."""

    date: date
    files: list[NetworkFileView]
    waiting: list[WaitingView]
    disputes: list[DisputeView]


async def network_view(house: House, tx: Any, day: date) -> NetworkView:
    """A number of queries that does not depend on how much there is."""
    files, waiting, disputes = (
        await store.files(tx, day),
        await store.open_items(tx, house.all_books, date.max),
        await store.open_disputes(tx),
    )
    return NetworkView(day, [_file(one) for one in files], [_waiting(one) for one in waiting], [_dispute(one) for one in disputes])


def _file(one: NetworkFile) -> NetworkFileView:
    return NetworkFileView(one.sequence, one.items, one.total, one.taken_at is not None, one.finished_at is not None, one.position)


def _waiting(one: PresentedItem) -> WaitingView:
    return WaitingView(one.kind, one.rrn, one.terminal_number, one.amount, one.presented_on)


def _dispute(one: Dispute) -> DisputeView:
    words = DISPUTES[one.why]
    return DisputeView(
        one.id, one.why, words.zh, words.en, one.kind, one.rrn, one.acquirer, one.terminal_number, one.amount, one.due, one.found_on
    )  # fmt: skip

"""A long file of the registrar that answers many subscriptions: they are settled ahead of the rest of it, each slice in a transaction.

A raise has as many subscribers as come, and one file answers all of them, most of all when it has failed. So nothing that holds everybody's
book may last as long as all of them take, and a kill loses a slice and no more: each slice pays for itself, under names that follow from
its place in the file, and what was said before changes nothing. The whole file is read before anything of it counts. Whatever else it says,
and that the raise has ended, is settled afterwards in one transaction, with the note that the file was taken.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

import structlog

from tapwealth.bank import store as bank_store
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, actor_number, moment
from tapwealth.flows.funds import raise_outcomes
from tapwealth.flows.funds.file_checks import check_day, confirmations_in
from tapwealth.flows.funds.raise_outcomes import FAILED, FORMED, TAKEN, Raised
from tapwealth.funds import orders_store, store
from tapwealth.funds.exchange_values import BusinessCode, ConfirmationRecord
from tapwealth.kernel.clock import business_date_of
from tapwealth.wire.ofd import DataFileName

log = structlog.get_logger(__name__)

AT_ONCE = 2_048
"""Answers of a slice, half a second of a core; a file with no more of them than that is taken whole."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """So many answers are settled; these places (from 1, rising) are left."""

    settled: int
    left: Sequence[int]
    raised: Raised


async def settle(house: House, file: DataFileName, content: BinaryIO, check_left: Callable[[], None]) -> Ahead | None:
    """Settle a 04's answers to subscriptions, if they are many; else None, and nothing has happened. `check_left` raises BadInput where
    somebody writes into the file. Raises BadInput for a file that is not whole, before anything of it counts."""
    async with house.database.read() as tx:
        ours = any(one.own for (code, _), one in (await store.channels(tx)).items() if code == file.receiver)
    incoming = confirmations_in(content, file)
    if not ours or incoming.header.records <= AT_ONCE:
        return None
    places, left = _sorted_out(file, incoming)
    if len(places) <= AT_ONCE:
        return None
    raised, said = Raised(), confirmations_in(content, file).some(places)
    for first in range(0, len(places), AT_ONCE):
        some = dict(zip(places[first : first + AT_ONCE], islice(said, AT_ONCE), strict=True))
        raised.lots = first
        left += await _slice(house, file, some, raised, first // AT_ONCE + 1, check_left)
        log.info("subscriptions settled", file=str(file), settled=first + len(some), of=len(places))
    return Ahead(incoming.header.records - len(left), sorted(left), raised)


def _sorted_out(file: DataFileName, incoming: Iterable[ConfirmationRecord]) -> tuple[list[int], list[int]]:
    """The places of what may answer a subscription, and the others. The whole file is read."""
    places, left = list[int](), list[int]()
    for place, one in enumerate(incoming, 1):
        check_day(file, [(one.serial, one.confirmed_on)], file.day)
        (places if one.business_code in (TAKEN, FORMED, FAILED) else left).append(place)
    return places, left


async def _slice(
    house: House, file: DataFileName, some: dict[int, ConfirmationRecord], raised: Raised, number: int, check_left: Callable[[], None]
) -> list[int]:
    """The places among them that answer no subscription."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, range(house.books + 1))
        at, actor = await moment(tx), await actor_number(tx, HOUSE_BOOK, PLATFORM)
        orders = await orders_store.orders_by_serial(tx, range(house.books + 1), file.receiver, [one.serial for one in some.values()])
        orders = {serial: order for serial, order in orders.items() if order.business_code == BusinessCode.SUBSCRIBE}
        holders = await store.holders_by_id(tx, sorted({(order.book, order.fund_account) for order in orders.values()}))
        said = [(orders[one.serial], one) for one in some.values() if one.serial in orders]
        funds, day = await store.funds(tx), at.booking_date(file.day)
        breaks = await raise_outcomes.take(house, tx, at, file, said, holders, funds, raised, day, actor)
        await raise_outcomes.pay(house, tx, at, file, funds, raised, day, actor, f"-{number}")
        await bank_store.add_breaks(tx, at.open_date(business_date_of(at.now)), breaks, at.now)
        check_left()
    return [place for place, one in some.items() if one.serial not in orders]

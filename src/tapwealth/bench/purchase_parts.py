"""What a purchase costs by part, in microseconds of one core, each measured by itself: beside other work it changes less than a rate."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from tapwealth.bench.load import NOW
from tapwealth.bench.processor import family_ms, least_us
from tapwealth.bench.purchase_town import FUND, person_of
from tapwealth.flows.customers import clients
from tapwealth.flows.frame import Caller, Envelope, House, content_hash
from tapwealth.flows.funds import purchase
from tapwealth.flows.funds.purchase import Placing, PurchaseFund
from tapwealth.flows.v1.shapes import NewOrder
from tapwealth.kernel.clock import processor_ns
from tapwealth.kernel.ids import book_of, named, unprefixed
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.clients import Scope

_AT_ONCE, _RUNS = 100, 3
_LIST, _LISTS = 256, 16
_BODY = b'{"type":"purchase","fund":"000198","amount":{"amount":164,"currency":"CNY"}}'


async def parts(house: House, people: int, server: int) -> Mapping[str, int]:
    """`server` is the database's process."""
    async with house.database.read() as tx:
        (client,) = await clients.shown(tx)
    decode, command = msgspec.json.Decoder(NewOrder, strict=True).decode, PurchaseFund(FUND, 164)
    by_itself = {
        "edge: body read": _each(lambda: decode(_BODY)),
        "edge: content hashed": _each(lambda: content_hash(house.keys, command, "client of a customer")),
    }
    placings = [_placing(house, client.client, number) for number in range(_LIST * _LISTS)]
    used, least = family_ms(server), []
    for first in range(0, len(placings), _LIST):
        own = [_of(one, first + place, people, house) for place, one in enumerate(placings[first : first + _LIST])]
        started = processor_ns()
        await _place(house, own)
        least.append(processor_ns() - started)
    spent = min(least) // _LIST // 1_000, (family_ms(server) - used) * 1_000 // len(placings)
    names = (f"purchase: in lists of {_LIST}, the platform's part", f"purchase: in lists of {_LIST}, the database's part")
    return {**by_itself, **dict(zip(names, spent, strict=True))}


def _placing(house: House, client: str, number: int) -> Placing:
    caller = Caller(ActorKind.PARTNER, client, "client credentials", None, 0, b"", unprefixed("cli", client), Scope.ORDERS_WRITE)
    return Placing(Envelope(named(NOW, 0, f"part {number}"), caller, NOW), PurchaseFund(FUND, 100))


def _of(one: Placing, number: int, people: int, house: House) -> Placing:
    """The same for a person."""
    person, caller = person_of(number % people, house.books), one.envelope.caller
    who, by = f"client:{caller.client}", caller.authenticated_by
    acting = Caller(caller.kind, who, by, person, book_of(person), b"", caller.client, caller.scope)
    return Placing(Envelope(one.envelope.key, acting, NOW), one.command)


async def _place(house: House, placings: Sequence[Placing]) -> None:
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, house.all_books)
        answers = await purchase.purchase(house, tx, placings)
    assert not any(isinstance(one, Refusal) for one in answers), answers


def _each(work: Callable[[], Any]) -> int:
    return least_us(work, runs=_RUNS, at_once=_AT_ONCE)

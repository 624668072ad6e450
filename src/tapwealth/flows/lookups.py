"""Small look-ups by which operations and devices see where something stands."""

from collections.abc import Mapping
from typing import Any

from tapwealth.bank import store as bank
from tapwealth.flows import cards, exchange_in
from tapwealth.flows.frame import Caller, House
from tapwealth.kernel.refusal import BadInput
from tapwealth.storage.actors import ActorKind

View = Any


def lookups(house: House) -> dict[str, View]:
    """By path below /view."""

    async def receipt(caller: Caller | None, given: Mapping[str, str]) -> dict[str, bool]:
        _operators_only(caller)
        async with house.database.read() as tx:
            return {"found": bool(await bank.receipts(tx, [given["id"]]))}

    async def transit(caller: Caller | None, _given: Mapping[str, str]) -> dict[str, int]:
        _operators_only(caller)
        async with house.database.read() as tx:
            return {"undelivered": len(await bank.undelivered(tx))}

    async def in_flight(caller: Caller | None, _given: Mapping[str, str]) -> dict[str, int]:
        """Requests whose heads have been read and that are not answered."""
        _operators_only(caller)
        return {"requests": len(house.flight)}

    async def pending_files(caller: Caller | None, _given: Mapping[str, str]) -> dict[str, list[str]]:
        _operators_only(caller)
        return {"pending": await exchange_in.pending(house)}

    async def card(caller: Caller | None, _given: Mapping[str, str]) -> Any:
        """What the phone's secure part is given; only to the device itself."""
        if caller is None or caller.person is None:
            raise BadInput("only the customer's own device is given its card", where="card")
        return await cards.personalisation(house, caller.book, caller.person)

    return {"receipts/{id}": receipt, "transit": transit, "in_flight": in_flight, "files/pending": pending_files, "card": card}


def _operators_only(caller: Caller | None) -> None:
    if caller is None or caller.kind is not ActorKind.OPERATOR:
        raise BadInput("only the bank's operators may look here", where="view", hint="sign in")

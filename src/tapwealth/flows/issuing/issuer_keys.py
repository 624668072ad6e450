"""The issuer's master keys in the house: those that taps are verified under, the one of a token, making the next, retiring one.

Which indexes there are, and which are retired, is in the database and read with each batch of taps, so that a retirement works from the
next batch on, whoever made it; the keys themselves stay in the key store.
"""

from dataclasses import replace
from typing import Any

from tapwealth.flows.frame import House
from tapwealth.issuing import store
from tapwealth.issuing.cryptogram import IssuerKeys
from tapwealth.issuing.key_index import KeyIndex, against_retiring, current, index_of, key_name, next_index
from tapwealth.issuing.store import Token
from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage import platform_clock


async def known(issuer: IssuerKeys, tx: Any) -> IssuerKeys:
    """The issuer's keys as they stand now."""
    indexes = await store.key_indexes(tx)
    retired = frozenset(one.number for one in indexes if one.retired_at is not None)
    return replace(issuer, names={one.number: key_name(one.number) for one in indexes}, retired=retired)


async def current_key(tx: Any) -> str:
    """The name of the master key that a new card is given."""
    return key_name(current(await store.key_indexes(tx)))


async def is_retired(tx: Any, token: Token) -> bool:
    """Whether a card's master key is honoured no more."""
    return any(one.number == index_of(token.master_key) and one.retired_at is not None for one in await store.key_indexes(tx))


def card_key(house: House, token: Token, pan: Pan, number: int = 0) -> bytes:
    """The card's limited-use key of that number, or for number 0 its own key, by the index that it was made under."""
    index = index_of(token.master_key)
    return IssuerKeys(house.keys, {index: token.master_key}).key_in_use(index, pan, token.psn, number)


async def indexes(house: House) -> list[KeyIndex]:
    """All of them, by number."""
    async with house.database.read() as tx:
        return await store.key_indexes(tx)


async def generate(house: House) -> int | Refusal:
    """Make the next index, which new cards are given from now on. The key is there before anybody is told of it."""
    async with house.database.transaction() as tx:
        index = next_index(await store.key_indexes(tx))
        if isinstance(index, Refusal):
            return index
        house.keys.generate(key_name(index))
        await store.add_key_index(tx, index)
        return index


async def retire(house: House, index: int) -> KeyIndex | Refusal:
    """Taps under it are declined from the next batch on, and its cards get no keys. Retired once is retired for good."""
    async with house.database.transaction() as tx:
        against = against_retiring(await store.key_indexes(tx), index)
        if against is not None:
            return against
        await store.retire_key_index(tx, index, await platform_clock.read(tx))
        return next(one for one in await store.key_indexes(tx) if one.number == index)

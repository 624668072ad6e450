"""The fund behind customers' pockets: what a tap, a bill or a card is paid from when the wallet has too little.

For now the first fund that was put on the shelf, whose number of units is the lowest. Neither changes any more, so it is looked up once.
"""

from typing import Any

from tapwealth.flows.frame import House
from tapwealth.funds import store
from tapwealth.funds.fund import Pocket


async def pocket_of(house: House, tx: Any) -> Pocket | None:
    """None while there is no fund on the shelf."""
    if not house.pockets:
        found = await looked_up(tx)
        house.pockets.extend([found] if found else [])
    return house.pockets[0] if house.pockets else None


async def pays(tx: Any, pocket: Pocket) -> bool:
    """Whether it can be paid from now: what the bank advances, the registrar must take back."""
    return (await store.funds(tx))[pocket.fund].pays


async def looked_up(tx: Any) -> Pocket | None:
    """The same, read now."""
    return min((Pocket(one.asset, one.code) for one in (await store.funds(tx)).values()), default=None)

"""What follows from confirmations that are not whole waits for them, as nobody knows yet what stands there."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from bill_town import Person
from fund_town import OWN, TUESDAY, FundTown, bought

WEDNESDAY = TUESDAY + timedelta(days=1)


async def two_days_of_confirmations(place: FundTown) -> tuple[Person, Path]:
    """Tuesday's 04 has come, and is not taken yet; Wednesday's confirms the same customer's second order."""
    wang = await bought(place)
    await place.buy_one(wang, 20_000, place.biller.now)
    return wang, place.registrar.path(TUESDAY, "04")


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


@pytest.mark.parametrize("spoil", [cut_short, Path.unlink])
async def test_later_confirmations_and_income_wait_for_confirmations_that_are_not_whole(
    place: FundTown, spoil: Callable[[Path], None]
) -> None:
    """Lots are taken in the order in which they came, and who holds what earns: a right file, and all follows in its order."""
    wang, path = await two_days_of_confirmations(place)
    right = path.read_bytes()
    spoil(path)
    await place.take()
    taken = await place.next_day(TUESDAY)
    assert [one for one in taken if one.startswith(OWN)] == ["T01/05", "T01/07"]
    assert {"996/05", "996/06"} <= set(taken), "another channel's go on"
    assert [one.state for one in await place.orders_of(wang)] == ["sent", "sent"]
    waits = f"waits for {path.name}, which has not come as it should be: what it means follows from that one"
    names = [place.registrar.path(WEDNESDAY, file_type).name for file_type in ("04", "06")]
    assert [one for one in await place.said(WEDNESDAY) if " waits for " in one] == [f"{name} {waits}" for name in names]
    path.write_bytes(right)
    assert await place.take() == ["T01/04", "T01/04", "T01/06"]
    assert [one.state for one in await place.orders_of(wang)] == ["confirmed", "confirmed"]
    assert [one for one in await place.said(WEDNESDAY) if "_07.TXT" not in one] == []


@pytest.mark.parametrize("taken", [False, True])
async def test_confirmations_wait_for_those_that_an_index_may_name_that_cannot_be_read(place: FundTown, taken: bool) -> None:
    """If they were taken already, nobody waits."""
    wang, _ = await two_days_of_confirmations(place)
    if taken:
        await place.take()
    await place.end(TUESDAY)
    await place.registrar_works(WEDNESDAY)
    path = place.registrar.exchange.outgoing / "OFI_H0_T01_20140225.TXT"
    kept = path.read_bytes()
    path.write_bytes(kept[:-12])
    await place.take()
    states = [one.state for one in await place.orders_of(wang)]
    assert states == (["confirmed", "confirmed"] if taken else ["sent", "sent"])
    path.write_bytes(kept)
    await place.take()
    assert [one.state for one in await place.orders_of(wang)] == ["confirmed", "confirmed"]

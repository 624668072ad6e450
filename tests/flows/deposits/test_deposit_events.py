"""What happens to deposits is kept once, in order, for the day's list; and what each had on any day."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from bill_town import MONDAY, Town

from tapwealth.bank import deposit_event_store as store
from tapwealth.bank.deposit_event_store import EventRow
from tapwealth.bank.deposit_list import Answer, DepositLine, ListEvent
from tapwealth.storage.database import Tx

TUESDAY = MONDAY + timedelta(days=1)
BOOKS = [1, 2, 3]


def event(number: int, deposit: str, of: ListEvent, amount: int, interest: int = 0, day: date = MONDAY, book: int = 1) -> EventRow:
    return EventRow(book, day, DepositLine(str(UUID(int=number)), deposit, of, "DEM1", "demand", "", amount, interest, day))


class Lots:
    """A transaction of which rows are had by lots alone."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def cursor(self, query: str, *args: object, prefetch: int) -> Any:
        assert prefetch <= 10_000
        return self._tx.cursor(query, *args, prefetch=prefetch)


async def balances(tx: Tx, day: date) -> dict[str, int]:
    return {deposit: balance async for deposit, balance in store.balances(Lots(tx), BOOKS, day)}


MONDAYS = [
    event(9, "D1", ListEvent.OPENED, 100_00),
    event(2, "D1", ListEvent.WITHDRAWN, 40_00),
    event(3, "D2", ListEvent.OPENED, 5_00, book=2),
    event(1, "D1", ListEvent.PAID_IN, 7_00),
]


async def test_events_are_kept_once_and_in_order(place: Town) -> None:
    late = [event(5, "D1", ListEvent.SETTLED, 0, 3, TUESDAY), event(4, "D2", ListEvent.WITHDRAWN, 5_00, 1, TUESDAY, book=2)]
    async with place.house.database.transaction() as tx:
        await store.add(tx, MONDAYS[:1])
        for _ in range(2):
            await store.add(tx, MONDAYS)
        await store.add(tx, late)
        listed = [one async for one in store.of_day(Lots(tx), BOOKS, MONDAY)]
        assert [one.line.serial[-1] for one in listed] == ["9", "2", "1", "3"]
        assert [replace(one.line) for one in listed] == [MONDAYS[0].line, MONDAYS[1].line, MONDAYS[3].line, MONDAYS[2].line]
        serials = [serial async for serial, _ in store.by_serial(Lots(tx), BOOKS, MONDAY)]
        assert [serial[-1] for serial in serials] == ["1", "2", "3", "9"]
        assert await balances(tx, MONDAY - timedelta(days=1)) == {}
        assert await balances(tx, MONDAY) == {"D1": 67_00, "D2": 5_00}
        assert await balances(tx, TUESDAY) == {"D1": 67_03}


async def test_what_the_bank_pays_is_due_until_it_is_credited(place: Town) -> None:
    paid = [event(1, "D1", ListEvent.WITHDRAWN, 0, 3), event(2, "D2", ListEvent.WITHDRAWN, 0, 4, book=2)]
    async with place.house.database.transaction() as tx:
        await store.add(tx, [*paid, event(3, "D1", ListEvent.WITHDRAWN, 0, 5)])
        assert await store.open_days(tx, BOOKS, TUESDAY) == [MONDAY]
        said = [(1, UUID(int=1), Answer.ACCEPTED, "DPX-20140224"), (2, UUID(int=2), Answer.ACCEPTED, "DPX-20140224")]
        await store.answer(tx, [*said, (1, UUID(int=3), Answer.DIFFERS, "")], MONDAY)
        assert await store.open_days(tx, BOOKS, TUESDAY) == [MONDAY], "one differs"
        assert await store.due_under(tx, BOOKS, ["DPX-20140224", "DPX-x"], TUESDAY) == {"DPX-20140224": {1: 3, 2: 4}}
        assert (await store.awaited(tx, BOOKS, MONDAY), await store.awaited(tx, BOOKS, TUESDAY)) == ({}, {"DPX-20140224": 7})
        await store.answer(tx, [(1, UUID(int=3), Answer.ACCEPTED, "DPX-20140224-2")], TUESDAY)
        assert await store.open_days(tx, BOOKS, TUESDAY) == []
        await store.credited(tx, BOOKS, "DPX-20140224", TUESDAY)
        assert await store.awaited(tx, BOOKS, TUESDAY) == {}, "what was accepted that day is paid on the next"
        assert await store.awaited(tx, BOOKS, TUESDAY + timedelta(days=1)) == {"DPX-20140224-2": 5}

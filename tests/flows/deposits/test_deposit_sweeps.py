"""What people paid into deposits and took out of them is carried over at the bank by the net of each book; what is rejected goes again."""

from datetime import date, timedelta

from bill_town import MONDAY, Person, Town

from tapwealth.bank import store as bank
from tapwealth.deposits import entries
from tapwealth.deposits.entries import DepositEntry, Held
from tapwealth.flows.bank import payments, receipts
from tapwealth.flows.bank.payments import Outcome
from tapwealth.flows.deposits.sweeps import settle_deposits
from tapwealth.flows.frame import moment, must_post
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount

TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
EMPTY = [0, 0]


async def moved(place: Town, person: Person, amount: int, day: date, interest: int = 0) -> None:
    """Paid in; or, below 0, taken out with so much interest."""
    house, deposit = place.house, derived(person.id, "deposit")
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [person.book])
        wanted = NewAccount(person.book, Kind.DEPOSIT, deposit, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)
        held = Held(person.book, deposit, (await house.ledger.open_accounts(tx, [wanted]))[0], person.wallet)
        at, key = await moment(tx), house.new_id(place.biller.now, person.book)
        made = (
            entries.paid_in(held, key, amount, DepositEntry.OPENED, day, 1)
            if amount > 0
            else entries.paid_out(held, key, -amount, interest, DepositEntry.WITHDRAWN, day, 1)
        )
        await must_post(house, tx, at, [made])


async def between(place: Town) -> list[int]:
    return [await place.total(Kind.DEPOSIT_IN_TRANSIT), await place.total(Kind.DEPOSIT_DUE)]


async def amounts(place: Town, *names: str) -> dict[str, int]:
    async with place.house.database.read() as tx:
        return {name: one.amount for name, one in (await bank.by_end_to_end(tx, list(names))).items()}


async def test_each_book_goes_one_way_by_its_net_and_what_is_rejected_goes_again(place: Town) -> None:
    first, second = await place.person("A", 1_000_00), await place.person("B", 1_000_00)
    assert first.book != second.book
    for person in (first, second):
        await moved(place, person, 600_00, MONDAY)
    await moved(place, second, -100_00, MONDAY)
    for _ in range(2):
        assert (await settle_deposits(place.house, MONDAY)).figures["out"] == 0
    assert await amounts(place, "DPI-20140224", "DPO-20140224") == {"DPI-20140224": 1_100_00}
    await place.clock(shanghai(TUESDAY, 9))
    assert await payments.hear(place.house, [Outcome("DPI-20140224", False, TUESDAY, "AM04")]) == []
    assert await between(place) == [1_100_00, -1_100_00]

    await moved(place, second, -500_00, TUESDAY, interest=1_00)
    assert (await settle_deposits(place.house, TUESDAY)).figures == {"in": 600_00, "out": 1_00}
    await place.clock(shanghai(WEDNESDAY, 9))
    assert await place.bank_executes(WEDNESDAY) == ["DPI-20140225", "DPO-20140225"]
    assert (await between(place), await place.total(Kind.DEPOSITS)) == (EMPTY, -599_00)
    assert (await place.total(Kind.DEPOSIT), await place.total(Kind.DEPOSIT_INTEREST_DUE)) == (600_00, -1_00)
    await place.all_books_balance()


async def test_what_a_payment_carries_is_not_carried_again(place: Town) -> None:
    """The bank takes its time to pay out, and more goes in meanwhile."""
    person = await place.person("A", 1_000_00)
    await moved(place, person, 600_00, MONDAY)
    await settle_deposits(place.house, MONDAY)
    await place.bank_executes(TUESDAY)
    await place.clock(shanghai(TUESDAY, 9))
    await moved(place, person, -600_00, TUESDAY)
    await settle_deposits(place.house, TUESDAY)
    await place.clock(shanghai(WEDNESDAY, 9))
    await moved(place, person, 50_00, WEDNESDAY)
    assert await between(place) == [-550_00, -50_00]
    assert (await settle_deposits(place.house, WEDNESDAY)).figures == {"in": 50_00, "out": 0}
    await place.clock(shanghai(WEDNESDAY + timedelta(days=1), 9))
    assert await place.bank_executes(WEDNESDAY + timedelta(days=1)) == ["DPI-20140226", "DPO-20140225"]
    assert (await between(place), await place.total(Kind.DEPOSITS)) == (EMPTY, -50_00)
    assert await place.owed(person.wallet) == [950_00]


async def test_money_that_nobody_knows_waits_where_interest_does(place: Town) -> None:
    pushed = receipts.Pushed("X-1", "0100000006", 5_00, MONDAY, "somebody", "")
    await receipts.receive(place.house, [pushed], ())
    assert (await place.total(Kind.DEPOSITS), await place.total(Kind.DEPOSIT_INTEREST_DUE)) == (-5_00, 5_00)
    assert ("receipt", "unclaimed_receipt", True) in await place.breaks(MONDAY)

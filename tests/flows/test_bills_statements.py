"""A batch of a thousand bill payments takes no more statements than one of ten; nor do the biller's answers and its day-end file."""

from uuid import UUID

from bill_town import MONDAY, Town
from counting import Counting

from tapwealth.bills import store
from tapwealth.bills.biller import Paid
from tapwealth.bills.payment import PaymentState
from tapwealth.flows.bills import bill_outcomes, billers
from tapwealth.flows.bills import paying as bills
from tapwealth.flows.bills.bill_outcomes import told
from tapwealth.flows.bills.paying import BillPaymentPlaced, PayBill, Placing
from tapwealth.flows.frame import moment
from tapwealth.ledger.chart import Kind

MANY, FEW = 1006, 10


async def placings(place: Town, count: int) -> list[Placing]:
    """Bills of one account, all presented at once, to be paid one by one."""
    person = await place.person(f"payer of {count}", 200 * count)
    account = f"{count:010d}"
    for number in range(count):
        place.biller.owe(account, f"B{count}-{number}", 100)
    shown = await bills.inquire_bill(place.house, place.envelope(person), bills.InquireBill("BJPOWER", account))
    return [Placing(place.envelope(person), PayBill(UUID(one.bill), 100)) for one in shown.bills]


async def test_statements_do_not_grow_with_the_batch(place: Town) -> None:
    paying, hearing = {}, {}
    for count in (FEW, MANY):
        batch = await placings(place, count)
        async with place.house.database.transaction() as tx:
            counting = Counting(tx)
            await place.house.ledger.lock_books(tx, place.house.all_books)
            answers = await bills.pay(place.house, counting, batch)
            assert all(isinstance(answer, BillPaymentPlaced) for answer in answers)
            paying[count] = counting.statements
        async with place.house.database.transaction() as tx:
            counting = Counting(tx)
            await place.house.ledger.lock_books(tx, place.house.all_books)
            rows = await store.in_suspense(tx, list(place.house.all_books), MONDAY)
            assert len(rows) == count
            at = await moment(tx)
            await store.save(tx, [row._replace(state=PaymentState.SENT) for row in rows])
            said = [told((row.book, row.id), Paid(f"E{row.serial}")) for row in rows]
            await bill_outcomes.apply(place.house, counting, at, MONDAY, said)
            hearing[count] = counting.statements
        for row in rows:
            place.biller.paid[row.serial] = ("B", "1234567890", row.amount, place.biller.now)
    assert paying[MANY] <= paying[FEW] <= 20
    assert hearing[MANY] <= hearing[FEW] <= 12
    assert await place.total(Kind.BILLER) == 100 * (FEW + MANY)
    report = await billers.compare_billers(place.house, MONDAY)
    assert (report.figures["matched"], report.wrong) == (FEW + MANY, [])


async def test_the_counter_counts(place: Town) -> None:
    """What it must catch: a flow that asks for each command by itself."""
    async with place.house.database.transaction() as tx:
        counting = Counting(tx)
        for _ in range(FEW):
            await store.bills(counting, [])
        assert counting.statements == FEW

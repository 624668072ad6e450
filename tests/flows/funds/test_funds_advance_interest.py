"""What the bank's advance costs: accrued on what is out at each day's end, and booked when the bank charges it."""

import doctest
from datetime import date, timedelta

from bill_town import MONDAY
from fund_town import ADVANCE, FUND, FundTown, bought
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.bank import advance_interest as rule
from tapwealth.bank.advance_interest import Day, accrued, interest
from tapwealth.flows.bank import bank_messages
from tapwealth.flows.bank.receipts import Pushed
from tapwealth.flows.funds import advance_interest, instant_redemption
from tapwealth.flows.funds.instant_redemption import InstantlyRedeemed, RedeemInstantly
from tapwealth.kernel.clock import shanghai
from tapwealth.ledger.chart import Kind
from tapwealth.wire.iso20022.entry import Entry
from tapwealth.wire.iso20022.notification import Notification, write_notification

TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY = (MONDAY + timedelta(days=n) for n in range(1, 6))
OWN = "0100000004"


async def accrue(place: FundTown, day: date) -> tuple[int, int]:
    figures = (await advance_interest.accrue(place.house, day)).figures
    return figures["used"], figures["interest"]


def charge(amount: int, day: date = FRIDAY, name: str = "INT-20140228", account: str = OWN) -> Pushed:
    return Pushed(name, account, -amount, day, "北京银行", "interest")


async def redeemed(place: FundTown, units: int = 10_000_00) -> int:
    """So many units became money at once on Tuesday, for one who holds 20,000.00; what the registrar will pay for them."""
    wang = await bought(place, 20_000_00)
    await place.take()
    answer = await instant_redemption.redeem(place.house, place.envelope(wang), RedeemInstantly(FUND, units))
    assert isinstance(answer, InstantlyRedeemed)
    return units


async def test_interest_runs_from_the_draw_until_the_registrar_has_repaid(place: FundTown) -> None:
    """10,000.00 at 4.5 % over 360 days are 1.25 a day, on Tuesday already: the money is drawn at once. The registrar pays on Friday, with
    the income that the bank has earned meanwhile: that was never lent."""
    await redeemed(place)
    await place.bank_executes(TUESDAY)
    assert await accrue(place, TUESDAY) == (10_000_00, 1_25)
    await place.next_day(TUESDAY)
    assert await accrue(place, WEDNESDAY) == (10_000_00, 1_25)
    await place.next_day(WEDNESDAY)
    assert await accrue(place, THURSDAY) == (10_000_00, 1_25)
    (paid, *_) = place.registrar.payments()
    assert paid["amount"] > 10_000_00
    await place.end(THURSDAY)
    await place.clock(shanghai(FRIDAY, 10))
    await place.receipt(paid["amount"], paid["end_to_end_id"], paid["text"], ADVANCE)
    assert await accrue(place, FRIDAY) == (0, 0)
    assert (await place.total(Kind.ADVANCE_INTEREST_DUE), await place.total(Kind.ADVANCE_INTEREST)) == (3_75, -3_75)
    await place.all_books_balance()


async def test_a_day_accrues_once(place: FundTown) -> None:
    await redeemed(place)
    await place.bank_executes(TUESDAY)
    for _ in range(2):
        await accrue(place, TUESDAY)
    assert await place.total(Kind.ADVANCE_INTEREST_DUE) == 1_25


async def test_the_banks_charge_takes_what_was_accrued_and_the_days_begin_anew(place: FundTown) -> None:
    await redeemed(place)
    await place.bank_executes(TUESDAY)
    await accrue(place, TUESDAY)
    await place.next_day(TUESDAY)
    await accrue(place, WEDNESDAY)
    for _ in range(2):
        await advance_interest.take_charges(place.house, [charge(2_50, THURSDAY)])
    assert (await place.total(Kind.ADVANCE_INTEREST_DUE), await place.total(Kind.OWN_MONEY)) == (0, 2_50)
    assert await place.breaks(THURSDAY) == []
    await place.next_day(WEDNESDAY)
    assert await accrue(place, THURSDAY) == (10_000_00, 1_25)
    assert await place.total(Kind.ADVANCE_INTEREST_DUE) == 1_25
    await place.all_books_balance()


async def test_the_banks_message_of_a_debit_is_taken_as_its_charge(place: FundTown) -> None:
    await redeemed(place)
    await place.bank_executes(TUESDAY)
    await accrue(place, TUESDAY)
    await place.clock(shanghai(WEDNESDAY, 10))
    entry = Entry("B-1", "INT-20140226", -1_25, WEDNESDAY, "CHARGE", "0200000010", "北京银行", "interest")
    await bank_messages.take(place.house, write_notification(Notification("D-1", shanghai(WEDNESDAY, 10), OWN, (entry,))))
    assert await place.total(Kind.ADVANCE_INTEREST_DUE) == 0
    assert await place.breaks(WEDNESDAY) == []


async def test_a_charge_of_another_amount_is_named_and_stands_on_what_is_due(place: FundTown) -> None:
    await redeemed(place)
    await place.bank_executes(TUESDAY)
    await accrue(place, TUESDAY)
    await place.clock(shanghai(WEDNESDAY, 10))
    await advance_interest.take_charges(place.house, [charge(1_26, WEDNESDAY)])
    assert await place.total(Kind.ADVANCE_INTEREST_DUE) == -1
    assert await place.breaks(WEDNESDAY) == [("advance_interest", "interest_differs", True)]


async def test_what_else_the_bank_takes_is_no_charge_of_ours(place: FundTown) -> None:
    """It is not booked: the proof of the account names it."""
    lines = await place.lines()
    await advance_interest.take_charges(place.house, [charge(1, name="FEE-1"), charge(1, account="0100000001")])
    assert await place.lines() == lines


# ---- the rule alone


DAYS = st.lists(st.builds(Day, st.integers(0, 10**12), st.integers(0, 3_000), st.sampled_from((360, 365))), max_size=40)


@given(DAYS)
def test_what_the_days_accrue_adds_up_to_the_interest_of_all(days: list[Day]) -> None:
    shares = [accrued(days[:number], day) for number, day in enumerate(days)]
    assert sum(shares) == interest(days)
    assert all(share >= 0 for share in shares)


def test_the_doctest() -> None:
    assert doctest.testmod(rule).failed == 0

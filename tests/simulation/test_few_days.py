"""A few played days with the real processes: what the house says of them stands in its partners' books."""

from collections.abc import Callable
from typing import Any

from played_week import Outcome

DAYS, SIX = 2, 6


def test_what_merchants_are_paid_out_stands_on_the_banks_statement(unkilled: Callable[[int], Outcome]) -> None:
    """Monday's sales less the fee, on Tuesday, under the name that the merchant's own statement gives."""
    outcome = unkilled(DAYS)
    paid = {f"MER-{one['number']}-20140224": -one["settlements"][0]["paid"] for one in outcome.figures["merchants"]}
    ours = [row for row in outcome.stores["bank"]["bookings"] if row[0] == "0100000001" and row[1] == "2014-02-25"]
    assert {row[3]: row[2] for row in ours if row[3] in paid} == paid
    assert len(paid) == 2


def test_billers_are_paid_what_their_files_name_less_the_fee_and_it_stands_on_the_banks_statement(
    unkilled: Callable[[int], Outcome],
) -> None:
    """Water in parts and with its penalty, a top-up that is settled weekly, a card and two bills that were paid by themselves; a payment
    that Saturday's file alone tells of is paid out with the next settlement."""
    outcome = unkilled(SIX)
    shown = {
        (day["business_date"][5:], one["code"]): (one["agreed"], one["agreed_amount"], one["fee"], one["payout"])
        for day in outcome.figures["days"]
        for one in day["billers"]
    }
    assert shown == {
        ("02-24", "BJDL"): (1, 186_40, 0, 186_40),
        ("02-24", "BJWATER"): (1, 60_00, 10, 59_90),
        ("02-25", "MOBILE"): (1, 50_00, 0, 0),
        ("02-27", "BJDL"): (1, 205_15, 0, 205_15),
        ("02-27", "BJWATER"): (1, 69_53, 10, 69_43),
        ("03-01", "BJDL"): (2, 164_60, 0, 66_80),
        ("03-01", "BJWATER"): (1, 38_40, 10, 38_30),
        ("03-01", "BOBCARD"): (1, 886_40, 0, 886_40),
    }
    booked = {row[3]: -row[2] for row in outcome.stores["bank"]["bookings"] if row[0] == "0100000001" and row[3].startswith("BIL-")}
    paid = {f"BIL-{code}-2014{day.replace('-', '')}": payout for (day, code), (*_, payout) in shown.items() if payout}
    assert booked == paid, "on the day after"
    assert [states(one) for one in outcome.figures["customers"][1:]] == [["paid"] * 3, ["paid"] * 3]


def test_a_part_of_a_deposit_is_paid_with_demand_interest_and_the_bank_pays_that(unkilled: Callable[[int], Outcome]) -> None:
    """4,000.00 of 10,000.00 for the three days that they lay, at the demand rate: 4,000 × 0.35 % × 3 / 360; the rest is in the bank's
    register."""
    outcome = unkilled(SIX)
    taken, register = outcome.diary["a part of the deposit is taken out early"], outcome.diary["the bank's register has the rest of it"]
    assert (taken["principal"], taken["interest"], taken["left"]) == (4_000_00, 12, 6_000_00)
    assert register == {"left": 6_000_00}
    booked = {row[3]: row[2] for row in outcome.stores["bank"]["bookings"] if row[0] == "0100000006" and row[1] == "2014-03-01"}
    assert booked == {"DPO-20140228": -4_000_12, "DPX-20140228": 12}, "on the day after"


def test_the_insurer_is_paid_premiums_less_the_commission_that_it_has_agreed_to(unkilled: Callable[[int], Outcome]) -> None:
    """59.00 at 25 % on Monday, and on Thursday 59.00, 760.00 at 20 % and 379.08 at 15 %: the insurer reckons the same by its own table."""
    outcome = unkilled(SIX)
    booked = {row[3]: -row[2] for row in outcome.stores["bank"]["bookings"] if row[0] == "0100000003" and row[2] < 0}
    assert booked == {
        "INS-20140225": 59_00 - 14_75,
        "COM-20140225": 14_75,
        "INS-20140228": 1_198_08 - (14_75 + 152_00 + 56_86),
        "COM-20140228": 14_75 + 152_00 + 56_86,
    }


def states(customer: dict[str, Any]) -> list[str]:
    return [bill["state"] for bill in customer["bills"]]

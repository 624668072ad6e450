"""The sandbox's registrar as a process: files in, files out by its clock, its register, files it must refuse."""

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from real_files import ORDERS_FILE
from registrar_process import (
    ADVANCE,
    ADVANCER,
    MONDAY,
    Registrar,
    after,
    application,
    fast_transfer,
    first_day,
    order,
    purchase,
    put,
    running,
)

from tapwealth.funds.exchange_in import ACCOUNT_CONFIRMATIONS, CONFIRMATIONS, DIVIDENDS, HOLDINGS, ORDERS, QUOTATIONS
from tapwealth.funds.exchange_out import OutgoingFile, Route, account_file, index_of, order_file, redated
from tapwealth.funds.exchange_values import BusinessCode, ConfirmationRecord, OrderRecord, Quotation
from tapwealth.funds.income import day_income, distribute
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.masked import IdentityNumber


@pytest.fixture
def registrar(tmp_path: Path) -> Iterator[Registrar]:
    with running(tmp_path) as process:
        process.clock(MONDAY, 8)
        yield process


def test_accounts_before_orders_income_before_units(registrar: Registrar) -> None:
    first_day(registrar, purchase("P1", 2, 1_000_000, MONDAY), purchase("P2", 3, 5_400, MONDAY))
    opened = registrar.values(ACCOUNT_CONFIRMATIONS, after(1))
    assert [(one.serial, one.business_code, one.ta_account, one.accepted) for one in opened] == [
        ("A0001", "101", "198000000001", True),
        ("A0002", "101", "198000000002", True),
        ("A0003", "101", "198000000003", True),
    ]
    assert registrar.values(CONFIRMATIONS, after(1)) == [
        ConfirmationRecord(
            serial, f"20140225{number:012d}", "122", f"{account:017d}", f"19800000000{account}", "000198", amount, amount, 0, amount,
            after(1), "0000", "T01",
        )
        for serial, number, account, amount in [("P1", 4, 2, 1_000_000), ("P2", 5, 3, 5_400)]
    ]  # fmt: skip
    assert registrar.values(DIVIDENDS, after(1)) == []
    assert registrar.values(QUOTATIONS, after(1)) == [Quotation("000198", MONDAY, 16323, 6136, 0, 0, 10_000, "0")]
    assert registrar.values(HOLDINGS, MONDAY) == []

    registrar.clock(after(2), 0)
    assert [(one.trading_account, one.total, one.available) for one in registrar.values(HOLDINGS, after(1))] == [
        (f"{2:017d}", 1_000_000, 1_000_000),
        (f"{3:017d}", 5_400, 5_400),
    ]
    registrar.clock(after(2), 9)
    (quotation,) = registrar.values(QUOTATIONS, after(2))
    income = {(one.ta_account, one.trading_account): one.volume for one in registrar.values(DIVIDENDS, after(2))}
    base = {("198000000002", f"{2:017d}"): 1_000_000, ("198000000003", f"{3:017d}"): 5_400}
    assert (quotation.day, quotation.total_units) == (after(1), 1_005_400)
    assert quotation.day_income == day_income(quotation.income_per_10k, 1_005_400) == sum(income.values())
    assert income == distribute(quotation.income_per_10k, base)
    assert registrar.units() == {account[1]: units + income[account] for account, units in base.items()}


def test_fast_transfer_counts_for_the_day_it_is_dated(registrar: Registrar) -> None:
    first_day(registrar, purchase("P1", 2, 1_000_000, MONDAY))
    registrar.clock(after(2), 0, 30)
    registrar.leave("T01", after(1), order_file(Route("T01"), after(1), [fast_transfer("F1", 2, 1_000_000, after(1))]))
    registrar.clock(after(2), 9)
    assert [(one.serial, one.business_code, one.volume, one.return_code) for one in registrar.values(CONFIRMATIONS, after(2))] == [
        ("F1", "198", 1_000_000, "0000")
    ]
    (dividend,) = registrar.values(DIVIDENDS, after(2))
    assert (dividend.trading_account, dividend.base, dividend.record_date) == (ADVANCER, 1_000_000, after(1))
    assert registrar.units() == {ADVANCER: 1_000_000 + dividend.volume}


def test_over_a_weekend_income_every_day_and_orders_on_monday(registrar: Registrar) -> None:
    first_day(registrar, purchase("P1", 2, 1_000_000, MONDAY))
    friday, saturday, sunday, monday = after(4), after(5), after(6), after(7)
    registrar.clock(saturday, 0, 30)
    orders = [purchase("P2", 3, 100, friday), fast_transfer("F1", 2, 5_000, friday)]
    registrar.leave("T01", friday, order_file(Route("T01"), friday, orders))
    registrar.clock(saturday, 9)
    assert [one.serial for one in registrar.values(CONFIRMATIONS, saturday)] == ["F1"]
    registrar.clock(sunday, 0, 30)
    registrar.leave("T01", saturday, order_file(Route("T01"), saturday, [fast_transfer("F2", 2, 7_000, saturday)]))
    registrar.clock(sunday, 9)
    assert [one.serial for one in registrar.values(CONFIRMATIONS, sunday)] == ["F2"]
    registrar.clock(monday, 9)
    assert [(one.serial, one.confirmed_on) for one in registrar.values(CONFIRMATIONS, monday)] == [("P2", monday)]
    for day in range(2, 8):
        (quotation,) = registrar.values(QUOTATIONS, after(day))
        assert quotation.day == after(day - 1)
        assert sum(one.volume for one in registrar.values(DIVIDENDS, after(day))) == quotation.day_income > 0


def test_told_to_limit_large_redemptions_it_pays_a_tenth_and_the_rest_without_priority(registrar: Registrar) -> None:
    """1,000.00 units: 600.00, 200.00 (the rest cancelled) and the next day 300.00 are asked for."""
    first_day(registrar, purchase("P1", 2, 60_000, MONDAY), purchase("P2", 3, 40_000, MONDAY))
    registrar.clock(after(2), 0, 30)
    assert registrar.http.post("/admin/large_redemption", json={"limits": True}).json() == {"limits": True}
    asked = [("R1", 2, 60_000, "1"), ("R2", 3, 20_000, "0")]
    orders = [order(serial, BusinessCode.REDEEM, who, units, after(1), large_flag=flag) for serial, who, units, flag in asked]
    registrar.leave("T01", after(1), order_file(Route("T01"), after(1), orders))
    registrar.clock(after(2), 9)
    assert answers(registrar, 2) == [("R1", 7_502, False), ("R2", 2_500, True)]
    registrar.clock(after(3), 0, 30)
    registrar.leave("T01", after(2), order_file(Route("T01"), after(2), [order("R3", BusinessCode.REDEEM, 3, 30_000, after(2))]))
    registrar.clock(after(3), 9)
    (_, first, _), (_, second, _) = answers(registrar, 3)
    assert first + second == 9_003, "a tenth of what is left"
    assert abs(first * 30_000 - second * (60_000 - 7_502)) < 60_000, "in proportion to what is left of each"
    registrar.http.post("/admin/large_redemption", json={"limits": False})
    registrar.clock(after(4), 9)
    assert [(serial, finished) for serial, _, finished in answers(registrar, 4)] == [("R1", True), ("R3", True)]
    assert 0 < sum(registrar.units().values()) < 10_100, "the cancelled part is there still"


def answers(registrar: Registrar, day: int) -> list[tuple[str, int, bool]]:
    return [(one.serial, one.volume, one.finished) for one in registrar.values(CONFIRMATIONS, after(day))]


def test_a_redemption_is_paid_the_day_after(registrar: Registrar) -> None:
    first_day(registrar, purchase("P1", 2, 1_000_000, MONDAY), purchase("P2", 1, 2_000, MONDAY))
    registrar.clock(after(2), 0, 30)
    orders = [order("R1", BusinessCode.REDEEM, 2, 300_000, after(1)), order("R2", BusinessCode.REDEEM, 1, 2_000, after(1))]
    registrar.leave("T01", after(1), order_file(Route("T01"), after(1), orders))
    registrar.clock(after(2), 9)
    assert [(one.serial, one.business_code, one.amount) for one in registrar.values(CONFIRMATIONS, after(2))] == [
        ("R1", "124", 300_000),
        ("R2", "124", 2_000),
    ]
    registrar.bank.down = True
    registrar.clock(after(3), 9, 59)
    time.sleep(0.3)
    registrar.clock(after(3), 10)
    registrar.kill()
    registrar.bank.down = False
    registrar.start()
    paid = registrar.bank.got(2)
    assert [(one["end_to_end_id"], one["from"], one["to"], one["amount"]) for one in paid] == [
        ("RED-T01-20140226-0100000002", "0200000001", "0100000002", 300_000),
        ("RED-T01-20140226", "0200000001", ADVANCE, 2_000),
    ]


def refusals() -> list[tuple[OrderRecord, str]]:
    more = {"distributor": "996"}
    return [
        (purchase("B1", 9, 100, MONDAY), "9003"),
        (purchase("B2", 2, 100, MONDAY, fund_code="000001"), "9004"),
        (purchase("B3", 2, 0, MONDAY), "9005"),
        (order("B4", BusinessCode.REDEEM, 2, 1, MONDAY), "9006"),
        (order("B5", BusinessCode.REDEEM, 2, 0, MONDAY), "9005"),
        (order("B6", BusinessCode.FAST_TRANSFER, 2, 5, MONDAY, target_trading_account="99"), "9007"),
        (fast_transfer("B7", 2, 5, MONDAY), "9006"),
        (purchase("B8", 2, 5, MONDAY, business_code="052"), "9002"),
        (purchase("B9", 2, 5, MONDAY, **more), "9001"),
        (purchase("C1", 2, 5, MONDAY, ta_account="198000000003"), "9003"),
        (order("C2", BusinessCode.SWITCH, 2, 5, MONDAY, target_fund="000001"), "9004"),
        (order("C3", BusinessCode.SWITCH, 2, 5, MONDAY, target_fund="000198"), "9002"),
    ]


def test_what_breaks_a_rule_gets_a_return_code(registrar: Registrar) -> None:
    first_day(registrar, *(one for one, _ in refusals()))
    answers = {one.serial: one for one in registrar.values(CONFIRMATIONS, after(1))}
    assert {serial: one.return_code for serial, one in answers.items()} == {one.serial: code for one, code in refusals()}
    assert all(one.volume == one.amount == 0 and one.reason for one in answers.values())
    assert registrar.units() == {}


def test_accounts_that_cannot_be_opened(registrar: Registrar) -> None:
    registrar.clock(after(1), 0, 30)
    asked = [
        application(1, MONDAY, distributor="996"),
        application(2, MONDAY, business_code="002"),
        application(3, MONDAY, business_code=BusinessCode.ADD_TRADING_ACCOUNT),
        application(4, MONDAY, business_code=BusinessCode.ADD_TRADING_ACCOUNT, ta_account="440269628883"),
        application(5, MONDAY, business_code=BusinessCode.ADD_TRADING_ACCOUNT, ta_account="440269628883"),
        application(6, MONDAY),
        application(7, MONDAY, identity_number=IdentityNumber(f"11010519491231{6:04d}")),
    ]
    registrar.leave("T01", MONDAY, account_file(Route("T01"), MONDAY, asked))
    registrar.clock(after(1), 9)
    answers = registrar.values(ACCOUNT_CONFIRMATIONS, after(1))
    assert [(one.business_code, one.return_code, one.ta_account) for one in answers] == [
        ("101", "9001", ""),
        ("102", "9002", ""),
        ("108", "9008", ""),
        ("108", "0000", "440269628883"),
        ("108", "9009", "440269628883"),
        ("101", "0000", "198000000001"),
        ("101", "0000", "198000000001"),
    ]


def test_the_real_orders_of_a_channel(registrar: Registrar) -> None:
    moved = redated(ORDERS_FILE.read_bytes(), ORDERS_FILE.name, MONDAY)
    asked = ORDERS.values(moved.content, moved.name)
    holders = sorted({(one.ta_account, one.trading_account) for one in asked})
    accounts = [
        application(
            number, MONDAY, business_code=BusinessCode.ADD_TRADING_ACCOUNT, ta_account=ta_account, trading_account=trading_account,
            distributor="996",
        )
        for number, (ta_account, trading_account) in enumerate(holders)
    ]  # fmt: skip
    assert len(holders) == 862
    registrar.clock(after(1), 0, 30)
    registrar.leave("996", MONDAY, account_file(Route("996"), MONDAY, accounts), moved)
    registrar.clock(after(1), 9)
    opened = registrar.values(ACCOUNT_CONFIRMATIONS, after(1), "996")
    assert {(one.ta_account, one.business_code, one.return_code) for one in opened} == {(ta, "108", "0000") for ta, _ in holders}
    confirmed = registrar.values(CONFIRMATIONS, after(1), "996")
    assert [one.serial for one in confirmed] == [one.serial for one in asked]
    assert sum(one.amount for one in confirmed if one.accepted) == 645_735_805
    assert registrar.sent("04", after(1), "T01") is None
    registrar.clock(after(2), 9)
    (own,) = registrar.values(QUOTATIONS, after(2), "T01")
    (theirs,) = registrar.values(QUOTATIONS, after(2), "996")
    assert own == theirs
    paid = {(one.ta_account, one.trading_account): one.volume for one in registrar.values(DIVIDENDS, after(2), "996")}
    units: dict[tuple[str, str], int] = {}
    for one in confirmed:
        units[one.ta_account, one.trading_account] = units.get((one.ta_account, one.trading_account), 0) + one.volume
    assert paid == distribute(own.income_per_10k, units)
    assert sum(paid.values()) == own.day_income


def test_a_clock_that_leaps_does_what_was_due_on_the_way(registrar: Registrar) -> None:
    first_day(registrar, purchase("P1", 2, 1_000_000, MONDAY))
    registrar.clock(after(7), 12)
    for day in range(1, 8):
        assert registrar.sent("07", after(day)) is not None
    (saturday,), (sunday,) = registrar.values(HOLDINGS, after(5)), registrar.values(HOLDINGS, after(6))
    (paid_on_sunday,) = registrar.values(DIVIDENDS, after(6))
    assert (paid_on_sunday.record_date, sunday.total) == (after(5), saturday.total + paid_on_sunday.volume)
    registrar.clock(after(3), 12)
    assert datetime.fromisoformat(registrar.http.get("/health").json()["now"]) == shanghai(after(7), 12)


def test_a_day_without_a_published_rate_is_said(tmp_path: Path) -> None:
    with running(tmp_path) as registrar:
        registrar.clock(date(2014, 8, 31), 8)
        registrar.clock(date(2014, 9, 2), 9)
        assert registrar.sent("07", date(2014, 9, 1)) is not None
        assert registrar.sent("07", date(2014, 9, 2)) is None
        assert registrar.get("problems") == ["2014-09-01: the fund published no income for it, so none is paid"]


# What it must refuse


def refused(registrar: Registrar, text: str) -> None:
    (problem,) = registrar.get("problems")
    assert text in problem


def test_a_torn_file_is_refused_and_taken_when_mended(registrar: Registrar) -> None:
    registrar.clock(after(1), 0, 30)
    whole = account_file(Route("T01"), MONDAY, [application(2, MONDAY)])
    torn = OutgoingFile(whole.name, whole.content[:-700])
    registrar.leave("T01", MONDAY, torn)
    registrar.clock(after(1), 9)
    refused(registrar, "OFD_T01_H0_20140224_01.TXT line 96: the file ends within record 1 of 1")
    error = registrar.inbox / f"{whole.name}.ERROR"
    assert "line 96" in error.read_text()
    assert registrar.sent("02", after(1)) is None
    registrar.leave("T01", MONDAY, whole)
    registrar.clock(after(2), 9)
    assert [one.serial for one in registrar.values(ACCOUNT_CONFIRMATIONS, after(2))] == ["A0002"]
    assert not error.exists()


def test_a_name_with_other_content_is_refused(registrar: Registrar) -> None:
    first_day(registrar, purchase("P1", 2, 1_000_000, MONDAY))
    other = order_file(Route("T01"), MONDAY, [purchase("P9", 2, 5, MONDAY)])
    put(registrar.inbox / other.name, other.content)
    registrar.clock(after(2), 9)
    refused(registrar, "OFD_T01_H0_20140224_03.TXT: it was taken before with other content, which stands")
    assert registrar.sent("04", after(2)) is None


def test_a_serial_that_comes_again(registrar: Registrar) -> None:
    first_day(registrar, purchase("P1", 2, 1_000_000, MONDAY))
    registrar.clock(after(2), 0, 30)
    again = [purchase("P1", 2, 1_000_000, MONDAY), purchase("P2", 2, 1, after(1))]
    registrar.leave("T01", after(1), order_file(Route("T01"), after(1), again))
    registrar.clock(after(2), 9)
    assert [one.serial for one in registrar.values(CONFIRMATIONS, after(2))] == ["P2"]
    assert registrar.get("problems") == []
    registrar.clock(after(3), 0, 30)
    registrar.leave("T01", after(2), order_file(Route("T01"), after(2), [purchase("P1", 2, 9, MONDAY)]))
    registrar.clock(after(3), 9)
    refused(registrar, "OFD_T01_H0_20140226_03.TXT line 86: serial P1 came before with other content; the first one stands")


def test_a_file_without_an_index_does_not_exist(registrar: Registrar) -> None:
    file = account_file(Route("T01"), MONDAY, [application(2, MONDAY)])
    put(registrar.inbox / file.name, file.content)
    registrar.clock(after(1), 9)
    assert (registrar.sent("02", after(1)), registrar.get("problems")) == (None, [])


def test_indexes_that_cannot_be_followed(registrar: Registrar) -> None:
    ghost = OutgoingFile("OFD_T01_H0_20140224_03.TXT", b"")
    put(registrar.inbox / "OFI_T01_H0_20140224.TXT", index_of(Route("T01"), MONDAY, [ghost]).content)
    put(registrar.inbox / "OFI_T01_H0_20140223.TXT", b"OFDCFIDX\r\n")
    strange = account_file(Route("T02"), MONDAY, [application(2, MONDAY)])
    registrar.leave("T02", MONDAY, strange)
    registrar.clock(after(1), 9)
    problems = registrar.get("problems")
    assert any("OFD_T01_H0_20140224_03.TXT: an index names it and it is not there" in problem for problem in problems)
    assert any("OFI_T01_H0_20140223.TXT line 2" in problem for problem in problems)
    assert any("T02 is no distributor here" in problem for problem in problems)
    assert len(problems) == 3


def test_without_a_folder_it_does_not_start(tmp_path: Path) -> None:
    arguments = ["registrar", "--store", str(tmp_path / "r.db"), "--port", "0"]
    done = subprocess.run([sys.executable, "-m", "tapwealth.sandbox", *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "registrar: name the folder of exchanged files by --exchange DIR\n")


# ---- a fund with a NAV


def test_a_fund_with_a_nav_waits_for_its_price_and_charges_by_age(registrar: Registrar) -> None:
    """1.5 % outside, of which T01 takes a tenth; 0.5 % of what is younger than seven days. The worth of each figure is in its comment."""
    terms = {
        "code": "110022", "name": "消费行业", "confirmation_days": 1, "discounts": {"T01": 100_000},
        "purchase_fees": [{"from_amount": 0, "rate": 15_000}, {"from_amount": 100_000_000, "fixed": 100_000}],
        "redemption_fees": [{"below_days": 7, "rate": 5_000}, {"below_days": None, "rate": 0}],
    }  # fmt: skip
    assert registrar.http.post("/admin/fund", json=terms).status_code == 200

    def quote(day: date, nav: int) -> None:
        assert registrar.http.post("/admin/nav", json={"fund": "110022", "day": str(day), "nav": nav}).status_code == 200

    registrar.leave(
        "T01",
        MONDAY,
        account_file(Route("T01"), MONDAY, [application(1, MONDAY)]),
        order_file(Route("T01"), MONDAY, [purchase("N1", 1, 1_000_000, MONDAY, fund_code="110022")]),
    )
    registrar.clock(after(1), 9)
    assert registrar.sent("04", after(1)) is None, "the price of Monday is not known"
    assert registrar.get("problems") == ["2014-02-24: 110022 has no NAV, so its orders wait"]
    quote(MONDAY, 13_337)
    quote(after(1), 13_500)
    registrar.clock(after(2), 9)
    (bought,) = registrar.values(CONFIRMATIONS, after(2))
    # 10,000.00 / 1.0015 = 9,985.02; / 1.3337 = 7,486.7061
    assert (bought.volume, bought.amount, bought.charge, bought.nav) == (748_670, 1_000_000, 1_498, 13_337)
    assert [(one.fund_code, one.day, one.nav) for one in registrar.values(QUOTATIONS, after(2))][1:] == [("110022", after(1), 13_500)]

    sold = [
        order(f"R{number}", BusinessCode.REDEEM, 1, units, after(2), fund_code="110022") for number, units in ((1, 100_000), (2, 648_671))
    ]
    registrar.leave("T01", after(2), order_file(Route("T01"), after(2), sold))
    quote(after(2), 14_000)
    registrar.clock(after(3), 9)
    said = {one.serial: one for one in registrar.values(CONFIRMATIONS, after(3))}
    # 1,000.00 x 1.4 = 1,400.00, of which 0.5 % are 7.00
    assert (said["R1"].volume, said["R1"].amount, said["R1"].charge) == (100_000, 139_300, 700)
    assert said["R2"].return_code == "9006", "a hundredth more than is left"
    assert registrar.get("register?fund=110022")["units"] == 648_670
    assert registrar.bank.got(0) == []
    registrar.clock(after(4), 10)
    assert [(one["end_to_end_id"], one["amount"]) for one in registrar.bank.got(1)] == [("RED-T01-20140227-0100000002", 139_300)]


def test_what_the_registrar_starts_by_itself(registrar: Registrar) -> None:
    """A dividend to who holds units at the record date's end, reinvested or in money; and units given, taken and redeemed by force."""
    assert registrar.http.post("/admin/fund", json={"code": "110022", "name": "消费行业"}).status_code == 200
    for number in range(5):
        day = {"fund": "110022", "day": str(after(number)), "nav": 12_345}
        assert registrar.http.post("/admin/nav", json=day).status_code == 200
    wanted = [
        purchase(f"N{number}", number, 1_000_000, MONDAY, fund_code="110022") for number in (1, 2)
    ]  # fmt: skip
    accounts = [application(1, MONDAY), application(2, MONDAY)]
    registrar.leave("T01", MONDAY, account_file(Route("T01"), MONDAY, accounts), order_file(Route("T01"), MONDAY, wanted))
    registrar.clock(after(1), 9)
    cash = order("M1", BusinessCode.DIVIDEND_METHOD, 2, 0, after(1), fund_code="110022", dividend_method="1")
    nonsense = order("M2", BusinessCode.DIVIDEND_METHOD, 1, 0, after(1), fund_code="110022", dividend_method="7")
    registrar.leave("T01", after(1), order_file(Route("T01"), after(1), [cash, nonsense]))
    declared = {"fund": "110022", "record_date": str(after(2)), "ex_date": str(after(3)), "paid_on": str(after(4)), "fen": 35}
    assert registrar.http.post("/admin/dividend", json=declared).status_code == 200
    assert registrar.http.post("/admin/dividend", json={**declared, "fund": "000198"}).status_code == 409
    registrar.clock(after(2), 9)
    assert [(one.business_code, one.return_code) for one in registrar.values(CONFIRMATIONS, after(2))] == [("129", "0000"), ("129", "9005")]
    for code, units in (("144", 100_00), ("145", 30_00), ("142", 10_00), ("145", 10**12)):
        body = {"code": code, "distributor": "T01", "trading_account": f"{1:017d}", "units": units, "fund": "110022"}
        assert registrar.http.post("/admin/force", json=body).status_code == 200
    registrar.clock(after(3), 9)
    moved = registrar.values(CONFIRMATIONS, after(3))
    assert [(one.business_code, one.volume, one.amount, one.from_ta) for one in moved] == [
        ("144", 100_00, 0, "1"), ("145", 30_00, 0, "1"), ("142", 10_00, 12_34, "1")
    ]  # fmt: skip
    registrar.clock(after(4), 9)
    held, amount = 1_000_000 * 10_000 // 12_345, 1_000_000 * 10_000 // 12_345 * 35 // 1_000
    paid = [one for one in registrar.values(DIVIDENDS, after(4)) if one.fund_code == "110022"]
    assert [(one.base, one.method, one.amount, one.volume) for one in paid] == [
        (held, "0", amount, amount * 10_000 // 12_345), (held, "1", amount, 0)
    ]  # fmt: skip
    registrar.clock(after(4), 10)
    registrar.clock(after(5), 10)
    assert [(one["end_to_end_id"], one["amount"]) for one in registrar.bank.got(2)] == [
        ("RED-T01-20140227-0100000002", 12_34), ("DIV-T01-20140228-0100000002", amount)
    ]  # fmt: skip

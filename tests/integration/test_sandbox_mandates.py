"""The sandbox's bank as a process: mandates of its customers, and what is reserved under them, in every order."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count
from typing import Any

import httpx
import pytest
from sandbox_partner import SandboxPartner, sandbox_partner

from tapwealth.kernel.clock import shanghai
from tapwealth.wire.iso20022.direct_debit import DirectDebit, DirectDebitInitiation, write_direct_debit
from tapwealth.wire.iso20022.party import Party

BANK, RESERVE = "313100000013", "0100000001"
DAY = date(2014, 2, 24)
NEXT_WEEK = shanghai(DAY + timedelta(days=7))
_accounts = count(1)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxPartner]:
    with sandbox_partner("bank", tmp_path_factory.mktemp("bank")) as partner:
        partner.clock(shanghai(DAY, 9).isoformat())
        partner.post("/admin/accounts", [{"number": RESERVE, "name": "reserve"}])
        yield partner


class Customer:
    """Somebody with 500.00 at the bank who lets 200.00 be collected at a tap and 300.00 in a day."""

    def __init__(self, bank: SandboxPartner) -> None:
        self.bank, self.number = bank, next(_accounts)
        self.account, self.mandate = f"62145600000{self.number:05d}", f"M-{self.number}"
        bank.post("/admin/accounts", [{"number": self.account, "name": "张伟", "balance": 500_00}])

    def give(self, **changes: Any) -> Any:
        body = {"id": self.mandate, "account": self.account, "holder": "张伟", "per_tap": 200_00, "per_day": 300_00, "given_on": str(DAY)}
        return said(self.bank.post("/mandates", body | changes))

    def reserve(self, name: str, amount: int, /, **changes: Any) -> Any:
        body = {"id": f"{name}-{self.number}", "mandate": self.mandate, "amount": amount, "until": NEXT_WEEK.isoformat()}
        return said(self.bank.post("/reservations", body | changes))

    def cancel(self, name: str) -> Any:
        return said(self.bank.post("/reservations/cancel", {"id": f"{name}-{self.number}"}))

    def collect(self, name: str, amount: int) -> None:
        name = f"{name}-{self.number}"
        debit = DirectDebit(name, amount, Party(RESERVE, BANK), Party(self.account, BANK), DAY, self.mandate, DAY)
        message = write_direct_debit(DirectDebitInitiation(f"MSG-{name}", shanghai(DAY, 9), "Tapwealth", (debit,)))
        assert self.bank.http.post("/messages", content=message).status_code == 202

    def money(self) -> tuple[int, int]:
        answer = self.bank.get(f"/admin/accounts/{self.account}").json()
        return answer["balance"], answer["available"]


def said(answer: httpx.Response) -> Any:
    """(state, reason), or the status of what is no answer."""
    return (answer.json()["state"], answer.json()["reason"]) if answer.status_code == 200 else answer.status_code


@pytest.fixture
def zhang(bank: SandboxPartner) -> Customer:
    return Customer(bank)


def test_a_reservation_takes_money_out_of_what_is_available_until_it_is_cancelled(zhang: Customer) -> None:
    assert zhang.give() == ("confirmed", "")
    assert zhang.reserve("A", 150_00) == ("held", "")
    assert zhang.money() == (500_00, 350_00)
    assert [zhang.cancel("A"), zhang.cancel("A")] == [("cancelled", "")] * 2
    assert zhang.money() == (500_00, 500_00)
    assert zhang.reserve("A", 150_00) == ("cancelled", ""), "the same request again does not bring it back"


def test_the_same_reservation_again_is_the_same_and_another_one_under_its_id_is_refused(zhang: Customer) -> None:
    assert [zhang.give(), zhang.give(), zhang.give(per_tap=1)] == [("confirmed", ""), ("confirmed", ""), 409]
    assert [zhang.reserve("A", 100_00), zhang.reserve("A", 100_00), zhang.reserve("A", 100_01)] == [("held", ""), ("held", ""), 409]
    assert zhang.money() == (500_00, 400_00)


def test_a_cancellation_that_comes_first_keeps_the_reservation_from_coming(zhang: Customer) -> None:
    zhang.give()
    assert zhang.cancel("A") == ("cancelled", "")
    assert zhang.reserve("A", 100_00) == ("cancelled", "")
    assert zhang.money() == (500_00, 500_00)


def test_each_no_has_its_reason(zhang: Customer) -> None:
    assert zhang.reserve("early", 1) == ("refused", "MD01")
    assert zhang.give(id="M-other", account="6214560000099999") == ("refused", "AC01")
    assert zhang.give(id="M-ours", account=RESERVE) == ("refused", "AG01")
    assert zhang.give(id="M-name", holder="王芳") == ("refused", "BE01")
    zhang.give()
    assert zhang.reserve("above", 200_01) == ("refused", "AM14")
    assert [zhang.reserve("A", 200_00), zhang.reserve("B", 100_01), zhang.reserve("C", 100_00)] == [
        ("held", ""), ("refused", "AM14"), ("held", ""),
    ]  # fmt: skip
    poor = Customer(zhang.bank)
    poor.give(per_tap=900_00, per_day=900_00)
    assert poor.reserve("A", 500_01) == ("refused", "AM04")
    for wrong in ({"amount": 0}, {"until": "2014-03-01T00:00:00"}, {"id": "x" * 36}, {"more": 1}):
        assert zhang.reserve("D", 1, **wrong) == 400


@pytest.mark.parametrize(("amount", "left"), [(150_00, 350_00), (90_00, 410_00)])
def test_a_debit_under_the_name_of_a_reservation_takes_what_was_reserved_or_less(zhang: Customer, amount: int, left: int) -> None:
    """Even if the mandate was revoked meanwhile: the money was reserved before."""
    zhang.give()
    zhang.reserve("A", 150_00)
    assert said(zhang.bank.post("/mandates/revoke", {"id": zhang.mandate})) == ("revoked", "")
    assert zhang.reserve("B", 1) == ("refused", "MD01")
    zhang.collect("A", amount)
    assert zhang.money() == (left, left)
    assert zhang.cancel("A") == ("debited", "")


def test_without_a_reservation_a_debit_needs_a_mandate_that_stands_and_money_that_nobody_reserved(zhang: Customer) -> None:
    zhang.give()
    zhang.reserve("A", 200_00)
    zhang.collect("B", 300_01)
    assert zhang.money() == (500_00, 300_00)
    zhang.collect("C", 300_00)
    assert zhang.money() == (200_00, 0)
    zhang.bank.post("/mandates/revoke", {"id": zhang.mandate})
    zhang.cancel("A")
    zhang.collect("D", 1)
    assert zhang.money() == (200_00, 200_00)


def test_a_mandate_revoked_before_it_came_is_not_confirmed(zhang: Customer) -> None:
    assert said(zhang.bank.post("/mandates/revoke", {"id": zhang.mandate})) == ("revoked", "")
    assert zhang.give() == ("revoked", "")


def test_what_was_answered_survives_a_kill_and_a_bank_that_is_silent_has_reserved_all_the_same(zhang: Customer) -> None:
    zhang.give()
    zhang.bank.faults({"message": "reservation", "nth": 1, "fault": "silent"}, {"message": "reservation", "nth": 2, "fault": "error"})
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{zhang.bank.url}/reservations",
            json={"id": f"A-{zhang.number}", "mandate": zhang.mandate, "amount": 100_00, "until": NEXT_WEEK.isoformat()},
            headers=zhang.bank.http.headers,
            timeout=0.3,
            trust_env=False,
        )
    assert zhang.reserve("B", 1_00) == 500
    assert zhang.money() == (500_00, 400_00)
    zhang.bank.restart()
    assert zhang.reserve("A", 100_00) == ("held", "")
    assert zhang.money() == (500_00, 400_00)


def test_a_reservation_ends_when_its_time_has_come(zhang: Customer) -> None:
    """Last in this file: it moves the clock."""
    zhang.give()
    zhang.reserve("A", 200_00)
    zhang.bank.clock(NEXT_WEEK.isoformat())
    assert zhang.money() == (500_00, 500_00)

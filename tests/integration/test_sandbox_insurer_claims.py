"""The insurer's claims as a real process: by its own books, once by serial, paid by the bank, and each fault that can be ordered."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from identities import identity_of
from sandbox_partner import TOKEN, SandboxPartner, sandbox_partner

from tapwealth.insurance.claim_insurer import ClaimAgreed, ClaimOrder, ClaimRefused, Deducted, Guardian, Receiver
from tapwealth.insurance.guardian import Guardianship
from tapwealth.insurance.insurer import Issued, Noted, NotReceived, PolicyOrder, PremiumPaid, Rejected, Unknown
from tapwealth.insurance.insurer_http import InsurerHttp
from tapwealth.kernel.masked import IdentityNumber, Masked, PersonName

DAY = date(2014, 3, 3)
ORDER = PolicyOrder("p1", "SCREEN", PersonName("王芳"), IdentityNumber("11010519491231002X"), 19_900, date(2014, 2, 25), date(2015, 2, 25))


@pytest.fixture(scope="module")
def insurer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxPartner]:
    with sandbox_partner("insurer", Path(tmp_path_factory.mktemp("insurer"))) as partner:
        partner.clock("2014-03-03T09:00:00+08:00")
        yield partner


@pytest.fixture
async def port(insurer: SandboxPartner) -> AsyncIterator[InsurerHttp]:
    asking = InsurerHttp(insurer.url, TOKEN, timeout_ms=400)
    yield asking
    await asking.close()


async def screen(port: InsurerHttp, name: str, amount: int = 75_000) -> ClaimOrder:
    """A claim of a policy of its own."""
    answer = await port.issue(replace(ORDER, serial=f"p {name}"))
    assert isinstance(answer, Issued), answer
    return ClaimOrder(f"CLM-{name}", answer.policy_number, name, "screen:1", DAY, amount, 200_000)


async def test_a_claim_is_decided_and_paid_once_over_a_kill(insurer: SandboxPartner, port: InsurerHttp) -> None:
    order = await screen(port, "A")
    assert await port.inquire_claim(order.serial) == NotReceived()
    assert await port.claim(order) == ClaimAgreed(75_000)
    insurer.restart()
    again = InsurerHttp(insurer.url, TOKEN)
    assert await again.claim(order) == await again.inquire_claim(order.serial) == ClaimAgreed(75_000)
    assert await again.claim(replace(order, amount=75_001)) == Unknown("HTTP status 409")
    second = replace(order, serial="CLM-A2", claim="another")
    assert await again.claim(second) == ClaimRefused("claimed_before", DAY)
    assert await again.recovered("RCV-A", "A", 500) is None
    assert await again.recovered("RCV-A", "A", 500) is None
    assert await again.recovered("RCV-B", "nothing", 500) == NotReceived()
    await again.close()
    shown = insurer.get("/admin/store").json()
    assert [one[3:] for one in shown["claims"]] == [[75_000, 0, "claimed_before"], [75_000, 75_000, ""]]
    assert shown["recoveries"] == [["2014-03-03", 500]]


async def test_it_looks_into_its_own_books(port: InsurerHttp) -> None:
    order = await screen(port, "B", 150_000)
    assert await port.claim(replace(order, policy_number="PL0")) == ClaimRefused("unknown_policy", DAY)
    for number, (day, reason) in enumerate([(date(2014, 2, 24), "not_in_force_then"), (date(2015, 2, 25), "not_in_force_then")]):
        assert await port.claim(replace(order, serial=f"B{number}", loss_day=day)) == ClaimRefused(reason, DAY)
    assert await port.claim(replace(order, serial="B7")) == ClaimAgreed(150_000)
    assert await port.claim(replace(order, serial="B8", identity="x", claim="C", amount=50_001)) == ClaimRefused("sum_insured_used", DAY)
    assert await port.claim(replace(order, serial="B9", identity="x", claim="C", sum_insured=300_000)) == ClaimRefused(
        "other_sum_insured", DAY
    )
    assert await port.claim(replace(order, serial="B10", identity="x", claim="C", amount=50_000)) == ClaimAgreed(50_000)


async def test_a_child_receives_by_a_guardian_who_is_of_age(port: InsurerHttp) -> None:
    """On the day of the eighteenth birthday alone."""
    order = await screen(port, "G")

    def asked(born: date, guardian: date | None = None) -> ClaimOrder:
        acts = None
        if guardian is not None:
            number = IdentityNumber(identity_of(guardian))
            acts = Guardian(PersonName("王芳"), number, Guardianship.PARENT, Masked("6200000000000001"), Masked("归小宝所有"))
        one = Receiver(PersonName("小宝"), IdentityNumber(identity_of(born)), order.amount, acts)
        return replace(order, serial=f"G {born} {guardian}", to_named=True, receivers=(one,))

    young = date(1996, 3, 4)
    for wrong in (asked(young), asked(young, date(1996, 3, 4))):
        assert await port.claim(wrong) == ClaimRefused("no_guardian", DAY)
    assert await port.claim(asked(young, date(1996, 3, 3))) == ClaimAgreed(75_000)
    assert await port.claim(asked(date(1996, 3, 3))) == ClaimAgreed(75_000)


async def test_a_premium_that_it_keeps_goes_on_and_undoes_a_suspension(insurer: SandboxPartner, port: InsurerHttp) -> None:
    """Issued for a month at first, to 3 March; suspended for what was due then."""
    answer = await port.issue(replace(ORDER, serial="p K", paid_until=DAY))
    assert isinstance(answer, Issued), answer
    number, until = answer.policy_number, date(2014, 4, 3)
    kept = Deducted(100, DAY, until)
    order = ClaimOrder("K1", number, "K", "screen:1", DAY, 150_000, 200_000, deducted=kept)
    for wrong in (
        replace(order, serial="K2", deducted=replace(kept, from_day=date(2014, 3, 2))),
        replace(order, serial="K3", loss_day=date(2014, 3, 2)),
        replace(order, serial="K4", deducted=replace(kept, until_day=date(2015, 2, 26))),
    ):
        assert await port.claim(wrong) == ClaimRefused("other_premium", DAY)
    assert await port.suspend("K5", number, date(2014, 5, 3)) == Noted(number)
    for _ in range(2):
        assert await port.claim(order) == ClaimAgreed(150_000)
    assert await port.claim(replace(order, deducted=replace(kept, amount=101))) == Unknown("HTTP status 409")
    assert await port.claim(replace(order, serial="K6", claim="L", identity="x", amount=49_901, deducted=None)) == ClaimRefused(
        "sum_insured_used", DAY
    ), "what was kept was paid for the loss"
    following = PremiumPaid("K7", number, 100, 0, until, date(2014, 5, 3))
    assert await port.book_premium(replace(following, serial="K8", from_day=DAY)) == Rejected("other_time"), "paid already"
    assert await port.book_premium(following) == Noted(number), "in force, and goes on from what was kept"


async def test_premiums_come_back_once_no_more_than_were_paid_and_nothing_is_paid_after_them(port: InsurerHttp) -> None:
    order = replace(await screen(port, "H"), identity="premiums:H", amount=19_901)
    assert await port.claim(order) == ClaimRefused("more_than_premiums", DAY)
    assert await port.claim(replace(order, serial="H1", amount=19_900)) == ClaimAgreed(19_900)
    assert await port.claim(replace(order, serial="H2", claim="C", identity="illness:1", amount=1)) == ClaimRefused("claimed_before", DAY)


async def test_an_answer_that_is_lost_is_inquired_and_a_lower_sum_is_what_is_paid(insurer: SandboxPartner, port: InsurerHttp) -> None:
    silent, unprocessed, lower = await screen(port, "C"), await screen(port, "D"), await screen(port, "E")
    insurer.faults({"message": "claim", "nth": 1, "fault": "silent"}, {"message": "claim", "nth": 2, "fault": "silent_unprocessed"})
    assert isinstance(await port.claim(silent), Unknown)
    assert await port.inquire_claim(silent.serial) == ClaimAgreed(75_000)
    assert isinstance(await port.claim(unprocessed), Unknown)
    assert await port.inquire_claim(unprocessed.serial) == NotReceived()
    assert await port.claim(unprocessed) == ClaimAgreed(75_000)
    insurer.faults({"message": "claim_assessment", "nth": 1, "fault": "lower"})
    assert await port.claim(lower) == ClaimAgreed(56_250)

"""A customer lets a bound bank account pay at taps: given, confirmed or refused by the real bank of the sandbox, taken back."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from bank_town import BankTown, bank_process
from bill_town import Person, Town, town
from sandbox_partner import SandboxPartner

from tapwealth.flows.issuing import mandates
from tapwealth.flows.issuing.mandates import MandateRefusal, MandateView, RevokeMandate
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.notices import store as notices


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxPartner]:
    with bank_process(tmp_path_factory.mktemp("bank")) as partner:
        yield partner


@pytest.fixture
async def counter(new_database: Callable[[], str], tmp_path: Path, bank: SandboxPartner) -> AsyncIterator[BankTown]:
    async with town(new_database(), tmp_path) as place:
        yield BankTown(place, bank)


async def told(place: Town, person: Person) -> list[str]:
    async with place.house.database.read() as tx:
        return [one.text_zh for one in await notices.notices_of(tx, person.book, person.id)]


async def take_back(counter: BankTown, person: Person, mandate: str) -> MandateView | Refusal:
    return await mandates.revoke(counter.place.house, counter.place.envelope(person), RevokeMandate(UUID(mandate)))


def code(answer: object) -> object:
    return answer.code if isinstance(answer, Refusal) else answer


async def test_a_mandate_is_in_force_when_the_bank_has_confirmed_it_and_over_when_it_is_taken_back(counter: BankTown) -> None:
    wang = await counter.person()
    card, _ = await counter.bind(wang, 500_00)
    given = await counter.give(wang, card)
    assert isinstance(given, MandateView)
    assert (given.state, given.state_zh, given.masked) == ("asked", "待银行确认", card.masked)
    assert await told(counter.place, wang) == []
    assert await counter.work() == []
    assert [one.state for one in await counter.held(wang)] == ["confirmed"]
    gone = await take_back(counter, wang, given.mandate)
    assert isinstance(gone, MandateView)
    assert (gone.state, code(await take_back(counter, wang, given.mandate))) == ("revoked", MandateRefusal.UNKNOWN_MANDATE)
    assert await counter.work() == []
    assert await told(counter.place, wang) == [
        f"银行卡 {card.masked} 不再用于碰一碰付款。",
        f"银行已确认：碰一碰付款时，余额和基金不够的部分由银行卡 {card.masked} 支付，每笔最多 200.00 元，每天最多 300.00 元。",
    ]
    again = {"id": UUID(given.mandate).hex, "account": "x", "holder": "x", "per_tap": 1, "per_day": 1, "given_on": "2014-02-24"}
    assert counter.bank.post("/mandates", again).status_code == 409, "the bank knows it, and that it is over"
    assert isinstance(await counter.give(wang, card), MandateView), "another one may be given now"


async def test_a_mandate_over_somebody_elses_account_is_refused_by_the_bank(counter: BankTown) -> None:
    wang = await counter.person()
    card, _ = await counter.bind(wang, 500_00, holder="张伟")
    await counter.give(wang, card)
    await counter.work()
    (refused,) = await counter.held(wang)
    assert (refused.state, refused.reason) == ("refused", "BE01 the account is another person's")
    assert len(await told(counter.place, wang)) == 1
    assert isinstance(await counter.give(wang, card), MandateView), "nothing stands in the way of a right one"


async def test_a_mandate_taken_back_before_the_bank_answers_never_comes_into_force(counter: BankTown) -> None:
    wang = await counter.person()
    card, _ = await counter.bind(wang, 500_00)
    given = await counter.give(wang, card)
    assert isinstance(given, MandateView)
    await take_back(counter, wang, given.mandate)
    for _ in range(2):
        assert await counter.work() == []
    assert [one.state for one in await counter.held(wang)] == ["revoked"]


async def test_a_bank_that_does_not_answer_is_asked_again(counter: BankTown) -> None:
    wang = await counter.person()
    card, _ = await counter.bind(wang, 500_00)
    await counter.give(wang, card)
    counter.bank.faults({"message": "mandate", "nth": 1, "fault": "error"}, serial=str(wang.id))
    (failure,) = await counter.work()
    assert failure == "the bank does not take /mandates (500)"
    assert [one.state for one in await counter.held(wang)] == ["asked"]
    assert await counter.work() == []
    assert [one.state for one in await counter.held(wang)] == ["confirmed"]


async def test_what_may_not_be_given_is_refused_with_its_reason(counter: BankTown) -> None:
    wang, li = await counter.person(), await counter.person(level=0)
    card, _ = await counter.bind(wang, 500_00)
    strangers, _ = await counter.bind(li, 500_00)
    assert code(await counter.give(li, strangers)) is MandateRefusal.NOT_VERIFIED
    assert code(await counter.give(wang, strangers)) is MandateRefusal.UNKNOWN_CARD
    assert code(await counter.give(wang, card, 1_00, 1_000_01)) is MandateRefusal.ABOVE_RULE
    assert code(await counter.give(wang, card, 1_000_01, 2_000_00)) is MandateRefusal.ABOVE_RULE
    assert isinstance(await counter.give(wang, card, 1_000_00, 1_000_00), MandateView)
    assert code(await counter.give(wang, card)) is MandateRefusal.MANDATE_STANDS
    for per_tap, per_day in ((0, 1), (1, 0), (2, 1)):
        with pytest.raises(BadInput):
            await counter.give(wang, card, per_tap, per_day)

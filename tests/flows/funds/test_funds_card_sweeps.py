"""Sweeps of a bank-card account: the real bank of the sandbox confirms, tells the balance and debits; the fund is bought when it has booked
it, and what is redeemed goes back to that card alone."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from bank_town import BankTown, bank_process
from bill_town import MONDAY, Person
from fund_town import ADVANCE, FUND, OWN, FundTown, fund_town
from sandbox_partner import SandboxPartner
from shelf import MONEY_FUND, give_units, put_on_the_shelf, shelve

from tapwealth.bank import store as bank_store
from tapwealth.flows.bank import bank_messages, payments
from tapwealth.flows.bank.payments import Outcome
from tapwealth.flows.customers.people import CardBound
from tapwealth.flows.funds import instant_redemption, pocket, redemption, sweeps
from tapwealth.flows.funds.instant_redemption import InstantlyRedeemed, RedeemInstantly
from tapwealth.flows.funds.pocket import OrderPockets
from tapwealth.flows.funds.redemption import RedeemFund, RedemptionPlaced
from tapwealth.flows.funds.sweeps import AgreeSweep, EndSweep, SweepView
from tapwealth.funds import conditions_store, sweep_store
from tapwealth.funds.conditions import FundStatus
from tapwealth.funds.store import SalesChannel
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import Outage, Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.install import house_accounts
from tapwealth.notices import store as notices

TUESDAY, WEDNESDAY, THURSDAY = (MONDAY + timedelta(days=n) for n in range(1, 4))


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxPartner]:
    with bank_process(tmp_path_factory.mktemp("bank")) as partner:
        yield partner


@dataclass
class Swept:
    """A customer with a card whose account is to be swept."""

    place: FundTown
    counter: BankTown
    person: Person
    card: CardBound
    account: str

    async def agree(self, **change: Any) -> SweepView | Refusal:
        terms = {"keep_balance": 1_000_00, "minimum_lot": 100_00, "daily_cap": 3_000_00, "run_before": time(14, 30)}
        command = AgreeSweep(**{"fund": FUND, "card": UUID(self.card.card), **terms, **change})
        return await sweeps.agree(self.place.house, self.place.envelope(self.person), command)

    async def tell_bank(self) -> None:
        """What the worker does for mandates and payments."""
        assert await self.place.work(sweeps.SWEEPS, sweeps.deliver) == []
        assert await self.place.work(payments.BANK, bank_messages.deliver) == []

    async def at(self, day: date, hour: int, minute: int = 0) -> list[str]:
        await self.place.clock(shanghai(day, hour, minute))
        return await sweeps.run_due(self.place.house)

    async def bank_says(self, executed: bool, reason: str = "") -> list[str]:
        """Of the debits that are open."""
        async with self.place.house.database.read() as tx:
            debits = [one for one in await bank_store.open_instructions(tx) if one.purpose == "sweep_in"]
        outcomes = [Outcome(one.end_to_end_id, executed, MONDAY, reason) for one in debits]
        assert await payments.hear(self.place.house, outcomes) == []
        return [one.end_to_end_id for one in debits]

    async def seen(self) -> SweepView:
        async with self.place.house.database.read() as tx:
            return (await sweeps.held(tx, self.person.book, self.person.id))[-1]


@asynccontextmanager
async def swept_town(url: str, folder: Path, bank: SandboxPartner, holder: str = "王芳", money: int = 0) -> AsyncIterator[Swept]:
    async with fund_town(url, folder) as place:
        counter = BankTown(place, bank)
        person = await counter.person(money)
        card, account = await counter.bind(person, 3_250_00, holder)
        yield Swept(place, counter, person, card, account)


@pytest.fixture
async def swept(new_database: Callable[[], str], tmp_path: Path, bank: SandboxPartner) -> AsyncIterator[Swept]:
    async with swept_town(new_database(), tmp_path, bank) as made:
        yield made


async def test_the_bank_confirms_tells_the_balance_and_debits_then_the_fund_is_bought(swept: Swept) -> None:
    made = await swept.agree()
    assert isinstance(made, SweepView)
    assert (made.state, made.masked) == ("asked", swept.card.masked)
    assert await swept.at(MONDAY, 14) == [], "nothing before the bank has confirmed"
    await swept.tell_bank()
    assert (await swept.seen()).state == "active"
    assert await swept.at(MONDAY, 14, 5) == ["collecting"]
    await swept.tell_bank()
    assert swept.counter.money(swept.account)[0] == 1_050_00, "2,200.00 left the account, above 1,000.00 in whole lots of 100.00"
    assert await swept.at(MONDAY, 14, 10) == [], "the bank has not said so yet"
    (name,) = await swept.bank_says(True)
    assert name.startswith("SWI-")
    assert await swept.at(MONDAY, 14, 15) == ["placed"]
    assert await swept.at(MONDAY, 14, 20) == []
    (order,) = await swept.place.orders_of(swept.person)
    assert (order.amount, order.dealing_date) == (2_200_00, MONDAY)
    assert await swept.place.owed(swept.person.wallet) == [0]
    assert [(one.amount, one.state) for one in (await swept.seen()).runs] == [(2_200_00, "placed")]
    await swept.place.all_books_balance()


@pytest.fixture
async def rich(new_database: Callable[[], str], tmp_path: Path, bank: SandboxPartner) -> AsyncIterator[Swept]:
    """19,000.00 are in the wallet; the channel's cap of a dealing day is 20,000.00."""
    async with swept_town(new_database(), tmp_path, bank, money=19_000_00) as made:
        yield made


async def test_no_card_is_debited_for_what_the_fund_would_refuse(rich: Swept) -> None:
    await rich.agree()
    await rich.tell_bank()
    before = rich.counter.money(rich.account)
    assert not isinstance(await rich.place.buy_one(rich.person, 19_000_00), Refusal)
    assert await rich.at(MONDAY, 14) == ["refused"]
    await rich.tell_bank()
    assert rich.counter.money(rich.account) == before
    (run,) = (await rich.seen()).runs
    assert "at most 20,000.00 is possible" in run.reason
    assert await rich.at(MONDAY, 14, 10) == []


async def test_what_comes_from_a_card_and_is_refused_afterwards_is_told_where_it_is(rich: Swept) -> None:
    await rich.agree()
    await rich.tell_bank()
    assert await rich.at(MONDAY, 14) == ["collecting"]
    await rich.tell_bank()
    await rich.bank_says(True)
    assert not isinstance(await rich.place.buy_one(rich.person, 19_000_00), Refusal)
    assert await rich.at(MONDAY, 14, 15) == ["refused"]
    assert await rich.place.owed(rich.person.wallet) == [2_200_00]
    assert (await rich.place.told(rich.person))[0] == "今日自动转入的 2,200.00 元已到余额，但未能买入基金，可随时转出。"


async def test_what_the_bank_does_not_collect_buys_nothing(swept: Swept) -> None:
    await swept.agree()
    await swept.tell_bank()
    assert await swept.at(MONDAY, 14) == ["collecting"]
    await swept.bank_says(False, "AM04")
    assert await swept.at(MONDAY, 14, 10) == ["refused"]
    assert await swept.place.orders_of(swept.person) == []
    (run,) = (await swept.seen()).runs
    assert run.reason == "the bank did not collect it (AM04)"


async def test_a_bank_that_is_silent_is_asked_again_until_the_cut_off(swept: Swept) -> None:
    await swept.agree()
    await swept.tell_bank()
    honest = swept.place.house.rails.mandates

    class Silent:
        async def balance(self, _name: str) -> int:
            raise Outage("the bank does not answer")

    silent: Any = Silent()
    swept.place.house = replace(swept.place.house, rails=replace(swept.place.house.rails, mandates=silent))
    assert await swept.at(MONDAY, 14) == []
    assert (await swept.seen()).runs == [], "nothing is decided without the bank"
    swept.place.house = replace(swept.place.house, rails=replace(swept.place.house.rails, mandates=honest))
    assert await swept.at(MONDAY, 14, 40) == ["collecting"]


async def test_an_account_of_another_person_is_never_swept(new_database: Callable[[], str], tmp_path: Path, bank: SandboxPartner) -> None:
    async with swept_town(new_database(), tmp_path, bank, holder="李雷") as swept:
        await swept.agree()
        await swept.tell_bank()
        seen = await swept.seen()
        assert seen.state == "refused"
        assert "BE01" in seen.reason
        assert await swept.at(MONDAY, 14) == []


async def test_a_mandate_that_is_taken_back_debits_nothing_more(swept: Swept) -> None:
    made = await swept.agree()
    assert isinstance(made, SweepView)
    await swept.tell_bank()
    ended = await sweeps.end(swept.place.house, swept.place.envelope(swept.person), EndSweep(UUID(made.agreement)))
    assert isinstance(ended, SweepView)
    await swept.tell_bank()
    assert await swept.place.house.rails.mandates.balance(UUID(made.agreement).hex) == 0, "and the bank tells nothing more"
    assert await swept.at(MONDAY, 14) == []


async def test_what_is_redeemed_goes_to_the_safe_card_alone(swept: Swept) -> None:
    await swept.agree()
    await swept.tell_bank()
    await swept.at(MONDAY, 14)
    await swept.bank_says(True)
    await swept.at(MONDAY, 14, 10)
    await swept.place.receipt(9_000_000, "LINE", "advance", ADVANCE)
    await swept.place.next_day(MONDAY)
    assert await swept.place.units(swept.person) == [2_200_00]
    command = RedeemInstantly(FUND, 500_00)
    answer = await instant_redemption.redeem(swept.place.house, swept.place.envelope(swept.person), command)
    assert isinstance(answer, InstantlyRedeemed)
    assert (answer.card, await swept.place.owed(swept.person.wallet)) == (swept.card.masked, [0])
    async with swept.place.house.database.read() as tx:
        (out,) = [one for one in await bank_store.open_instructions(tx) if one.purpose == "move_out"]
    assert (out.to_account, out.amount, out.requested_date) == (swept.card.card, 500_00, TUESDAY)
    await swept.place.end(TUESDAY)
    await swept.place.all_books_balance()


async def test_of_a_pocket_only_what_comes_of_the_swept_fund_goes_to_the_safe_card(swept: Swept) -> None:
    place, wang, second = swept.place, swept.person, Asset(7)
    await swept.agree()
    await swept.tell_bank()
    await swept.at(MONDAY, 14)
    await swept.bank_says(True)
    await swept.at(MONDAY, 14, 10)
    await place.receipt(9_000_000, "LINE", "advance", ADVANCE)
    await place.next_day(MONDAY)
    async with place.house.database.transaction() as tx:
        await put_on_the_shelf(place.house, tx, replace(MONEY_FUND, code="000343", asset=second))
    await give_units(place.house, wang.book, wang.id, 300_00, second, "second")
    await pocket.order(place.house, place.envelope(wang), OrderPockets(["000343", FUND]))
    answer = await instant_redemption.redeem(place.house, place.envelope(wang), RedeemInstantly("pocket", 2_300_00))
    assert isinstance(answer, InstantlyRedeemed)
    assert [(one.fund, one.units, one.card) for one in answer.parts] == [("000343", 300_00, ""), (FUND, 2_000_00, swept.card.masked)]
    assert await place.owed(wang.wallet) == [300_00]
    (out,) = await instructed(place, "move_out")
    assert (out.to_account, out.amount) == (swept.card.card, 2_000_00)


# ---- into several funds behind the pocket


SECOND, SECOND_UNITS = "000343", Asset(7)


async def pocketed(swept: Swept, *order: str, day_cap: int = 2_000_50) -> None:
    """A second fund is on the shelf, of which so much may be bought in a dealing day; the card is swept into both, in that order."""
    place = swept.place
    async with place.house.database.transaction() as tx:
        fund = replace(MONEY_FUND, code=SECOND, asset=SECOND_UNITS)
        await shelve(tx, fund, [SalesChannel(OWN, SECOND, True, 100_00, day_cap, 0)])
        await place.house.ledger.open_accounts(tx, house_accounts(place.house.books, SECOND_UNITS))
    await ordered(swept, *order)
    assert isinstance(await swept.agree(fund="pocket", keep_balance=500_00), SweepView)
    await swept.tell_bank()


async def ordered(swept: Swept, *order: str) -> None:
    assert not isinstance(await pocket.order(swept.place.house, swept.place.envelope(swept.person), OrderPockets(list(order))), Refusal)


async def bought(swept: Swept) -> list[tuple[str, int]]:
    return sorted((one.fund, one.amount) for one in await swept.place.orders_of(swept.person))


async def test_a_card_fills_the_funds_behind_the_pocket_and_each_pays_back_to_it(swept: Swept) -> None:
    place, wang = swept.place, swept.person
    await pocketed(swept, SECOND, FUND)
    assert await swept.at(MONDAY, 14) == ["collecting"]
    await swept.tell_bank()
    assert swept.counter.money(swept.account)[0] == 550_00, "2,700.00 left the account"
    await swept.bank_says(True)
    assert await swept.at(MONDAY, 14, 15) == ["placed"]
    assert await bought(swept) == [(FUND, 700_00), (SECOND, 2_000_00)]
    assert await place.owed(wang.wallet) == [0]
    assert [(one.amount, one.state, one.reason) for one in (await swept.seen()).runs] == [(2_700_00, "placed", "")]
    assert await swept.at(MONDAY, 14, 20) == []
    await place.receipt(9_000_000, "LINE", "advance", ADVANCE)
    await place.next_day(MONDAY)
    await ordered(swept, SECOND)
    answer = await instant_redemption.redeem(place.house, place.envelope(wang), RedeemInstantly(FUND, 500_00))
    assert isinstance(answer, InstantlyRedeemed)
    assert (answer.card, await place.owed(wang.wallet)) == (swept.card.masked, [0]), "though it is behind the pocket no more"
    await place.all_books_balance()


async def test_a_card_is_debited_for_no_more_than_its_funds_would_take_together(swept: Swept) -> None:
    await pocketed(swept, SECOND, day_cap=1_050_00)
    assert await swept.at(MONDAY, 14) == ["collecting"]
    await swept.tell_bank()
    assert swept.counter.money(swept.account)[0] == 2_250_00
    await swept.bank_says(True)
    assert await swept.at(MONDAY, 14, 15) == ["placed"]
    assert await bought(swept) == [(SECOND, 1_000_00)]


async def test_a_card_is_not_debited_when_no_fund_would_take_anything(swept: Swept) -> None:
    await pocketed(swept, SECOND, day_cap=99_99)
    assert await swept.at(MONDAY, 14) == ["refused"]
    await swept.tell_bank()
    assert swept.counter.money(swept.account)[0] == 3_250_00
    assert "no fund behind the pocket takes it today" in (await swept.seen()).runs[0].reason


async def test_what_no_fund_takes_once_the_money_has_come_is_in_the_wallet_and_told(swept: Swept) -> None:
    await pocketed(swept, SECOND, FUND)
    assert await swept.at(MONDAY, 14) == ["collecting"]
    await swept.tell_bank()
    await swept.bank_says(True)
    async with swept.place.house.database.transaction() as tx:
        await conditions_store.add_statuses(tx, MONDAY, {FUND: FundStatus.NO_PURCHASE}, swept.place.biller.now)
    assert await swept.at(MONDAY, 14, 15) == ["placed"]
    assert (await bought(swept), await swept.place.owed(swept.person.wallet)) == ([(SECOND, 2_000_00)], [700_00])
    (run,) = (await swept.seen()).runs
    assert (run.amount, run.reason) == (2_700_00, "700.00 yuan that no fund took are in the wallet")
    assert "其中一部分未能买入基金" in (await swept.place.told(swept.person))[0]


async def test_a_fund_has_one_safe_card(swept: Swept) -> None:
    """What the first card's money has bought is no other card's; behind a pocket such a fund is passed over."""
    await pocketed(swept, SECOND, FUND, day_cap=5_000_00)
    assert await swept.at(MONDAY, 14) == ["collecting"]
    await swept.tell_bank()
    await swept.bank_says(True)
    assert await swept.at(MONDAY, 14, 15) == ["placed"]
    assert await bought(swept) == [(SECOND, 2_700_00)]
    second, account = await swept.counter.bind(swept.person, 3_250_00, "王芳")
    refused = await swept.agree(fund=SECOND, card=UUID(second.card))
    assert isinstance(refused, Refusal)
    assert refused.code.name == "OTHER_SAFE_CARD"
    assert isinstance(await swept.agree(fund="pocket", card=UUID(second.card)), SweepView)
    await swept.tell_bank()
    assert await swept.at(MONDAY, 14, 20) == ["collecting"]
    await swept.tell_bank()
    assert swept.counter.money(account)[0] == 1_050_00
    await swept.bank_says(True)
    assert await swept.at(MONDAY, 14, 25) == ["placed"]
    assert await bought(swept) == [(FUND, 2_200_00), (SECOND, 2_700_00)]


async def test_a_fund_that_another_card_waits_for_is_passed_over(swept: Swept) -> None:
    """The bank has not said yes to its mandate yet, and nothing was swept into it."""
    await pocketed(swept, SECOND, FUND)
    second, _ = await swept.counter.bind(swept.person, 3_250_00, "王芳")
    assert isinstance(await swept.agree(fund=SECOND, card=UUID(second.card)), SweepView)
    assert await swept.at(MONDAY, 14) == ["collecting"]
    assert await swept.place.work(payments.BANK, bank_messages.deliver) == []
    await swept.bank_says(True)
    await swept.at(MONDAY, 14, 15)
    assert [fund for fund, _ in await bought(swept)] == [FUND]


async def test_two_cards_are_not_swept_into_one_fund(swept: Swept) -> None:
    assert isinstance(await swept.agree(), SweepView)
    second, _ = await swept.counter.bind(swept.person, 3_250_00, "王芳")
    refused = await swept.agree(card=UUID(second.card))
    assert isinstance(refused, Refusal)
    assert refused.code.name == "OTHER_SAFE_CARD"


async def test_of_two_cards_swept_into_one_pocket_on_one_day_each_has_funds_of_its_own(swept: Swept) -> None:
    """Neither has swept anything when both are debited. Each pays back to the card that its money came from."""
    place, wang = swept.place, swept.person
    second, account = await another_card(swept)
    await pocketed(swept, SECOND, FUND, day_cap=5_000_00)
    assert isinstance(await swept.agree(fund="pocket", card=UUID(second.card), run_before=time(14, 35)), SweepView)
    await swept.tell_bank()
    assert await swept.at(MONDAY, 14, 10) == ["collecting", "collecting"]
    await swept.tell_bank()
    assert [swept.counter.money(one)[0] for one in (swept.account, account)] == [550_00, 1_050_00]
    await swept.bank_says(True)
    assert await swept.at(MONDAY, 14, 15) == ["placed", "placed"]
    assert await bought(swept) == [(FUND, 2_200_00), (SECOND, 2_700_00)]
    await place.receipt(9_000_000, "LINE", "advance", ADVANCE)
    await place.next_day(MONDAY)
    await give_units(place.house, wang.book, wang.id, 500_00, SECOND_UNITS, "as the registrar would confirm them")
    answers = [await instant_redemption.redeem(place.house, place.envelope(wang), RedeemInstantly(one, 500_00)) for one in (SECOND, FUND)]
    assert not [one for one in answers if isinstance(one, Refusal)]
    assert [one.card for one in answers if isinstance(one, InstantlyRedeemed)] == [swept.card.masked, second.masked]


async def test_of_two_cards_swept_into_one_fund_behind_the_pocket_the_second_is_not_debited(swept: Swept) -> None:
    second, account = await another_card(swept)
    await pocketed(swept, SECOND, day_cap=9_000_00)
    assert isinstance(await swept.agree(fund="pocket", card=UUID(second.card), run_before=time(14, 35)), SweepView)
    await swept.tell_bank()
    assert await swept.at(MONDAY, 14, 10) == ["collecting", "refused"]
    await swept.tell_bank()
    assert swept.counter.money(account)[0] == 3_250_00
    await swept.bank_says(True)
    assert await swept.at(MONDAY, 14, 15) == ["placed"]
    assert await bought(swept) == [(SECOND, 2_700_00)]


async def test_a_fund_is_a_cards_from_the_debit_on_and_not_only_when_the_bank_has_booked_it(swept: Swept) -> None:
    second, _ = await another_card(swept)
    await pocketed(swept, SECOND, FUND, day_cap=5_000_00)
    assert await swept.at(MONDAY, 14) == ["collecting"]
    refused = await swept.agree(fund=SECOND, card=UUID(second.card))
    assert isinstance(refused, Refusal)
    assert refused.code.name == "OTHER_SAFE_CARD"


async def test_a_card_that_waits_for_its_bank_keeps_the_fund_it_names_from_another_cards_pocket(swept: Swept) -> None:
    second, account = await another_card(swept)
    await pocketed(swept, SECOND, FUND, day_cap=5_000_00)
    assert isinstance(await swept.agree(fund=SECOND, card=UUID(second.card)), SweepView)
    assert await swept.at(MONDAY, 14) == ["collecting"]
    assert await swept.place.work(payments.BANK, bank_messages.deliver) == []
    await swept.bank_says(True)
    assert await swept.at(MONDAY, 14, 5) == ["placed"], "the first card's, while the second's bank has not answered"
    assert await bought(swept) == [(FUND, 2_700_00)]
    await swept.tell_bank()
    assert await swept.at(MONDAY, 14, 10) == ["collecting"]
    await swept.tell_bank()
    assert swept.counter.money(account)[0] == 1_050_00
    await swept.bank_says(True)
    assert await swept.at(MONDAY, 14, 15) == ["placed"]
    assert await bought(swept) == [(FUND, 2_700_00), (SECOND, 2_200_00)]


async def test_nothing_is_redeemed_to_a_card_that_its_bank_has_not_confirmed(rich: Swept) -> None:
    place, wang = rich.place, rich.person
    assert not isinstance(await place.buy_one(wang, 5_000_00), Refusal)
    await place.receipt(9_000_000, "LINE", "advance", ADVANCE)
    await place.next_day(MONDAY)
    assert isinstance(await rich.agree(), SweepView)
    answer = await instant_redemption.redeem(place.house, place.envelope(wang), RedeemInstantly(FUND, 500_00))
    assert isinstance(answer, InstantlyRedeemed)
    assert (answer.card, await place.owed(wang.wallet)) == ("", [14_500_00])


@pytest.mark.parametrize("confirmed", [False, True])
async def test_a_card_whose_fund_is_another_cards_already_is_not_debited_for_it(swept: Swept, confirmed: bool) -> None:
    """Looked at when the bank confirms, and at every run: as where both were let in before anybody looked."""
    second, account = await another_card(swept)
    await pocketed(swept, SECOND, FUND)
    first = UUID((await swept.seen()).agreement)
    await swept.place.clock(shanghai(MONDAY, 13))
    made = await swept.agree(card=UUID(second.card))
    assert isinstance(made, SweepView)
    if confirmed:
        await swept.tell_bank()
    async with swept.place.house.database.transaction() as tx:
        await sweep_store.note_funds(tx, [(swept.person.book, first, FUND)])
    if confirmed:
        assert await swept.at(MONDAY, 14) == ["collecting", "refused"]
        assert (await swept.seen()).runs[0].reason.startswith(f"another card of yours is swept into {FUND}")
    else:
        await swept.tell_bank()
        seen = await swept.seen()
        assert (seen.state, seen.reason.startswith(f"another card of yours is swept into {FUND}")) == ("ended", True)
        assert "请另选基金" in (await swept.place.told(swept.person))[0]
        await swept.tell_bank()
        assert await swept.place.house.rails.mandates.balance(UUID(made.agreement).hex) == 0, "the bank knows that it is over"
    await swept.tell_bank()
    assert swept.counter.money(account)[0] == 3_250_00


async def test_what_was_debited_buys_no_fund_that_has_become_another_cards(swept: Swept) -> None:
    """It stays in the wallet, and the customer is told."""
    second, _ = await another_card(swept)
    await pocketed(swept, SECOND, FUND)
    first = UUID((await swept.seen()).agreement)
    await swept.place.clock(shanghai(MONDAY, 13))
    await swept.agree(card=UUID(second.card), run_before=time(14, 0))
    await swept.tell_bank()
    assert await swept.at(MONDAY, 13, 45) == ["collecting"]
    async with swept.place.house.database.transaction() as tx:
        await sweep_store.note_funds(tx, [(swept.person.book, first, FUND)])
    await swept.tell_bank()
    await swept.bank_says(True)
    assert (await swept.at(MONDAY, 13, 50))[0] == "refused"
    assert (await bought(swept), await swept.place.owed(swept.person.wallet)) == ([], [2_200_00])


async def another_card(swept: Swept) -> tuple[CardBound, str]:
    return await swept.counter.bind(swept.person, 3_250_00, "王芳")


async def test_the_money_leaves_for_the_safe_card_when_the_bank_has_advanced_it_and_not_before(swept: Swept) -> None:
    """Before that only other customers' money lies in the reserve. A draw that the bank rejects is made again, and waited for."""
    place = swept.place
    await swept.agree()
    await swept.tell_bank()
    await swept.at(MONDAY, 14)
    await swept.bank_says(True)
    await swept.at(MONDAY, 14, 10)
    await place.receipt(9_000_000, "LINE", "advance", ADVANCE)
    await place.next_day(MONDAY)
    await instant_redemption.redeem(place.house, place.envelope(swept.person), RedeemInstantly(FUND, 500_00))
    (draw,) = await instructed(place, "advance_draw")
    (out,) = await instructed(place, "move_out")
    assert (await told(place, draw), await told(place, out)) == (True, False)
    await payments.hear(place.house, [Outcome(draw.end_to_end_id, False, TUESDAY, "closed")])
    await payments.instruct_again(place.house, TUESDAY)
    (again,) = await instructed(place, "advance_draw")
    assert (await told(place, again), await told(place, out)) == (True, False)
    (out,) = await instructed(place, "move_out")
    assert out.requested_date == again.requested_date == WEDNESDAY, "or Tuesday could never be proved"
    await place.clock(shanghai(THURSDAY, 0, 30))
    await payments.hear(place.house, [Outcome(again.end_to_end_id, True, THURSDAY)])
    (out,) = await instructed(place, "move_out")
    assert (await told(place, out), out.requested_date) == (True, THURSDAY), "the bank answered a day late"


async def instructed(place: FundTown, purpose: str) -> list[bank_store.Instruction]:
    async with place.house.database.read() as tx:
        return [one for one in await bank_store.open_instructions(tx) if one.purpose == purpose]


async def told(place: FundTown, one: bank_store.Instruction) -> bool:
    """Whether the bank is told of a payment."""
    async with place.house.database.read() as tx:
        return bool(await tx.fetchval("select count(*) from outbox where payload ->> 'instruction' = $1", str(one.id)))


async def test_the_ordinary_way_leads_to_the_safe_card_too(swept: Swept) -> None:
    """Straight from the collection account: no wallet sees it. A bank that rejects it is asked once more the day after."""
    await swept.agree()
    await swept.tell_bank()
    await swept.at(MONDAY, 14)
    await swept.bank_says(True)
    await swept.at(MONDAY, 14, 10)
    place = swept.place
    await place.next_day(MONDAY)
    placed = await redemption.redeem(place.house, place.envelope(swept.person), RedeemFund(FUND, 700_00))
    assert isinstance(placed, RedemptionPlaced)
    await place.next_day(TUESDAY)
    paid = place.registrar.payments()[-1]
    await place.end(WEDNESDAY)
    await place.clock(shanghai(THURSDAY, 10))
    await place.receipt(paid["amount"], paid["end_to_end_id"], paid["text"], paid["to"])
    async with place.house.database.read() as tx:
        (out,) = [one for one in await bank_store.open_instructions(tx) if one.purpose == "safe_card_payout"]
        told = (await notices.notices_of(tx, swept.person.book, swept.person.id))[0]
    assert (out.from_account, out.to_account, out.amount) == ("0100000002", swept.card.card, 700_00)
    assert told.text_zh == f"赎回款 700.00 元正付往您的银行卡 {swept.card.masked}。"
    assert await payments.hear(place.house, [Outcome(out.end_to_end_id, False, THURSDAY, "AC01")]) == []
    assert await place.total(Kind.FUND_REDEMPTION_IN_TRANSIT) == 700_00
    report = await payments.instruct_again(place.house, THURSDAY)
    assert report.figures == {"payments": [f"{out.end_to_end_id}R2"]}
    await place.bank_executes(THURSDAY)
    assert (await place.owed(swept.person.wallet), await place.total(Kind.FUND_REDEMPTION_IN_TRANSIT)) == ([0], 0)
    await place.all_books_balance()


async def test_whose_agreement_is_over_is_paid_into_the_wallet(swept: Swept) -> None:
    made = await swept.agree()
    assert isinstance(made, SweepView)
    await swept.tell_bank()
    await swept.at(MONDAY, 14)
    await swept.bank_says(True)
    await swept.at(MONDAY, 14, 10)
    place = swept.place
    await place.receipt(9_000_000, "LINE", "advance", ADVANCE)
    await place.next_day(MONDAY)
    await sweeps.end(place.house, place.envelope(swept.person), EndSweep(UUID(made.agreement)))
    answer = await instant_redemption.redeem(place.house, place.envelope(swept.person), RedeemInstantly(FUND, 500_00))
    assert isinstance(answer, InstantlyRedeemed)
    assert (answer.card, await place.owed(swept.person.wallet)) == ("", [500_00])

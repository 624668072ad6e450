"""Electronic cash on a real database: loaded and unloaded by numbered orders, spent offline at a real terminal kernel, claimed by the
card's TC and never from the wallet, given back when a card is gone."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from bill_town import Person
from card_town import MERCHANT, TERMINAL, CardTown
from counting import Counting

from tapwealth.customers import store as customers
from tapwealth.flows import reports
from tapwealth.flows.acquiring import batch_settlement
from tapwealth.flows.clearing import captures as clearing
from tapwealth.flows.issuing import electronic_cash, issuer_keys, offline_sale, tokens
from tapwealth.flows.issuing.cards import authority_of, token_lookup
from tapwealth.flows.issuing.electronic_cash import CashLoaded, CashRefusal, CashUnloaded, LoadCash, UnloadCash
from tapwealth.flows.issuing.tokens import DeleteToken, Provisioned, ProvisionToken, SuspendToken, TokenRefusal
from tapwealth.flows.reports.statement import statement_of
from tapwealth.issuing import store as issuing
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.notices import store as notices
from tapwealth.play.wallet_phone import Phone
from tapwealth.terminal import Application, OfflineApproval, OnlineRequest, Tap, TerminalConfig, dialogue, run
from tapwealth.wire.emv_certificates import CaKey
from tapwealth.wire.emv_rsa import PublicKey
from tapwealth.wire.iso8583.requests import AuthorisationRequest, AuthorisationResponse, SettlementRequest, Totals, TransactionKind


@dataclass
class Handset:
    """Somebody's phone with a card, at a terminal that lets cards approve up to 200.00 by themselves."""

    host: CardTown
    person: Person
    phone: Phone
    config: TerminalConfig
    token: UUID

    @property
    def house(self) -> Any:
        return self.host.place.house

    def envelope(self, key: UUID | None = None) -> Any:
        return self.host.place.envelope(self.person, key=key)

    async def order(self, amount: int, key: UUID | None = None) -> CashLoaded | Refusal:
        return await electronic_cash.load(self.house, self.envelope(key), LoadCash(self.token, amount))

    async def load(self, amount: int) -> None:
        order = await self.order(amount)
        assert isinstance(order, CashLoaded), order
        self.phone.load(msgspec.to_builtins(order))

    async def unload(self, proof: dict[str, Any], key: UUID | None = None) -> CashUnloaded | Refusal:
        return await electronic_cash.unload(self.house, self.envelope(key), UnloadCash(self.token, **proof))

    def tap(self, amount: int) -> OfflineApproval | OnlineRequest:
        number = next(self.host.stans)
        at = self.host.place.biller.now
        outcome = run(dialogue(self.config, Tap(amount, business_date_of(at), b"\1\2\3\4", number)), self.phone.transmit)
        self.phone.leave_field()
        assert isinstance(outcome, OfflineApproval | OnlineRequest), outcome
        return outcome

    def advice(self, amount: int, outcome: OfflineApproval | OnlineRequest | None = None, **changes: Any) -> AuthorisationRequest:
        told = outcome or self.tap(amount)
        assert outcome is not None or isinstance(told, OfflineApproval), told
        asked = AuthorisationRequest(
            merchant_id=MERCHANT,
            terminal_id=TERMINAL,
            batch="000001",
            stan=f"{next(self.host.stans):06d}",
            received_at=self.host.place.biller.now,
            pan=told.track2.pan,
            psn=told.psn or "00",
            expiry_date=told.track2.expiry,
            amount=amount,
            currency="156",
            entry_mode="07",
            icc_data=told.icc_data,
            kind=TransactionKind.OFFLINE_SALE,
        )
        return replace(asked, **changes)

    async def advise(self, *advices: AuthorisationRequest) -> list[AuthorisationResponse]:
        answers: list[AuthorisationResponse] = await self.host.decide(offline_sale.advise, advices)
        return answers

    async def codes(self, *advices: AuthorisationRequest) -> list[str]:
        return [one.response_code for one in await self.advise(*advices)]

    async def why(self, advice: AuthorisationRequest) -> str:
        reason: str = (await self.host.row(advice)).reason
        return reason.split(":")[0]

    async def cash(self) -> tuple[int, int]:
        """(owed, of it held) on the card's account."""
        async with self.house.database.read() as tx:
            return (await electronic_cash.cash_standing(self.house, tx, {self.token: self.person.book})).get(self.token, (0, 0))

    async def wallet(self) -> int:
        (owed,) = await self.host.place.owed(self.person.wallet)
        return int(owed)


async def handset(host: CardTown, folder: Path, name: str = "Wang", money: int = 2_000_00) -> Handset:
    house, person = host.place.house, await host.place.person(name, money)
    phone = Phone(folder / f"{name}.json")
    given = await tokens.provision(house, host.place.envelope(person), ProvisionToken(**phone.proof()))
    assert isinstance(given, Provisioned), given
    phone.personalise(msgspec.to_builtins(given))
    async with house.database.read() as tx:
        (host.routes[given.pan],) = (await issuing.routes(tx, [token_lookup(house, Pan(given.pan))])).values()
    ca = await authority_of(house)
    key = CaKey(bytes.fromhex(ca.rid), int(ca.index, 16), PublicKey(int(ca.modulus, 16), int(ca.exponent, 16)))
    config = TerminalConfig(TERMINAL, (Application(floor_limit=200_00),), bytes.fromhex("37000080"), ca_keys=(key,))
    return Handset(host, person, phone, config, UUID(given.token))


@pytest.fixture
async def wang(host: CardTown, tmp_path: Path) -> Handset:
    return await handset(host, tmp_path)


def code(answer: Any) -> Any:
    return answer.code if isinstance(answer, Refusal) else answer


# loading and unloading


async def test_a_load_moves_money_from_the_wallet_onto_the_card(wang: Handset) -> None:
    await wang.load(300_00)
    assert (await wang.wallet(), await wang.cash(), wang.phone.cash) == (1_700_00, (300_00, 0), 300_00)
    assert await wang.host.place.total(Kind.ELECTRONIC_CASH) == 300_00
    owned = await reports.assets(wang.house, str(wang.person.id), None)
    assert not isinstance(owned, Refusal), owned
    assert [(one.what, one.worth) for one in owned.assets] == [("wallet", 1_700_00), ("cash", 300_00)], "it is still theirs"
    await wang.host.place.all_books_balance()


async def test_a_load_that_is_asked_for_again_is_the_same_order_and_the_card_takes_it_once(wang: Handset) -> None:
    key = uuid4()
    first, again = await wang.order(300_00, key), await wang.order(300_00, key)
    assert first == again
    wang.phone.load(msgspec.to_builtins(first))
    wang.phone.load(msgspec.to_builtins(again))
    assert (wang.phone.cash, await wang.wallet()) == (300_00, 1_700_00)


async def test_a_card_that_missed_an_order_finds_it_in_its_view(wang: Handset) -> None:
    await wang.order(100_00)
    second = await wang.order(50_00)
    with pytest.raises(BadInput, match="number 2, the next one is 1"):
        wang.phone.load(msgspec.to_builtins(second))
    async with wang.house.database.read() as tx:
        shown = await electronic_cash.cash_of(wang.house, tx, wang.person.book, wang.person.id, wang.token)
    assert not isinstance(shown, Refusal)
    for order in shown.loads:
        wang.phone.load(msgspec.to_builtins(order))
    assert (wang.phone.cash, shown.cash, shown.held, shown.limit, shown.unloads) == (150_00, 150_00, 0, 1_000_00, 0)


async def test_a_card_holds_no_more_than_the_rules_allow_and_what_is_not_claimed_yet_counts(wang: Handset) -> None:
    await wang.load(900_00)
    assert code(await wang.order(100_01)) is CashRefusal.ABOVE_CASH_LIMIT
    wang.tap(50_00)
    assert code(await wang.order(100_01)) is CashRefusal.ABOVE_CASH_LIMIT
    await wang.load(100_00)
    assert await wang.cash() == (1_000_00, 0)


async def test_a_load_that_cannot_be_is_refused_in_words_and_moves_nothing(wang: Handset, tmp_path: Path) -> None:
    poor = await handset(wang.host, tmp_path, "Chen", 10_00)
    refused = await poor.order(10_01)
    assert isinstance(refused, Refusal)
    assert (refused.code, "wallet" in refused.text) == (CashRefusal.NO_MONEY, True)
    stranger = replace(poor, token=wang.token)
    assert code(await stranger.order(1)) is TokenRefusal.UNKNOWN_TOKEN
    for amount in (0, -1):
        with pytest.raises(BadInput):
            await poor.order(amount)
    await tokens.suspend(poor.house, poor.envelope(), SuspendToken(poor.token))
    assert code(await poor.order(1_00)) is TokenRefusal.NOT_ACTIVE
    assert (await poor.wallet(), await poor.cash()) == (10_00, (0, 0))


async def test_money_comes_back_from_the_card_once_for_each_proof(wang: Handset) -> None:
    await wang.load(300_00)
    proof = wang.phone.unload(120_00)
    assert isinstance(await wang.unload(proof), CashUnloaded)
    assert isinstance(await wang.unload(proof), CashUnloaded), "another key, the same proof"
    assert (await wang.wallet(), await wang.cash(), wang.phone.cash) == (1_820_00, (180_00, 0), 180_00)


async def test_a_proof_that_was_altered_or_comes_out_of_turn_moves_nothing(wang: Handset) -> None:
    await wang.load(300_00)
    first, second = wang.phone.unload(10_00), wang.phone.unload(10_00)
    assert code(await wang.unload(second)) is CashRefusal.OUT_OF_TURN
    for change in ({"amount": 11_00}, {"number": 2}, {"balance": 0}, {"loads": 2}, {"mac": second["mac"]}):
        assert code(await wang.unload(first | change)) is CashRefusal.NOT_GENUINE
    for change in ({"mac": "xyz"}, {"number": 0}, {"balance": -1}, {"amount": 0}, {"amount": 10**12}, {"loads": -1}, {"loads": 1 << 40}):
        with pytest.raises(BadInput):
            await wang.unload(first | change)
    assert (await wang.wallet(), await wang.cash()) == (1_700_00, (300_00, 0))


async def test_one_proof_in_two_requests_at_once_counts_once(wang: Handset) -> None:
    await wang.load(300_00)
    proof = wang.phone.unload(100_00)
    answers = await asyncio.gather(*(wang.unload(proof) for _ in range(6)))
    assert all(isinstance(one, CashUnloaded) for one in answers)
    assert (await wang.wallet(), await wang.cash()) == (1_800_00, (200_00, 0))


async def test_loads_at_once_never_pass_the_limit(wang: Handset) -> None:
    answers = await asyncio.gather(*(wang.order(300_00) for _ in range(6)))
    numbers = sorted(one.number for one in answers if isinstance(one, CashLoaded))
    assert numbers == [1, 2, 3]
    assert await wang.cash() == (900_00, 0)


# spending offline


async def test_an_offline_sale_is_held_on_the_cards_cash_and_cleared_from_it_never_from_the_wallet(wang: Handset) -> None:
    await wang.load(300_00)
    advice = wang.advice(80_00)
    (answer,) = await wang.advise(advice)
    assert (answer.response_code, len(answer.authorisation_code), await wang.cash()) == ("00", 6, (300_00, 80_00))
    await wang.host.upload(wang.host.claim(advice))
    assert (await wang.host.clear())["amount"] == 80_00
    assert (await wang.cash(), await wang.wallet(), wang.phone.cash) == ((220_00, 0), 1_700_00, 220_00)
    assert await wang.host.place.owed(await wang.host.merchant(wang.person.book)) == [80_00]
    await wang.host.place.all_books_balance()


async def test_the_same_advice_again_gets_the_same_answer_and_holds_once(wang: Handset) -> None:
    await wang.load(300_00)
    advice = wang.advice(80_00)
    answers = [*await wang.advise(advice), *await wang.advise(advice, advice)]
    assert len({(one.response_code, one.rrn, one.authorisation_code) for one in answers}) == 1
    assert await wang.cash() == (300_00, 80_00)
    assert await wang.codes(replace(advice, amount=79_00)) == ["94"]


async def test_an_approval_of_the_card_is_claimed_once_whoever_brings_it(wang: Handset) -> None:
    await wang.load(300_00)
    first = wang.advice(80_00)
    twice = replace(first, stan="900001")
    assert await wang.codes(first, twice, replace(first, stan="900002", batch="000002")) == ["00", "94", "94"]
    assert (await wang.codes(replace(first, stan="900003")), await wang.why(twice)) == (["94"], "claimed_before")
    assert await wang.cash() == (300_00, 80_00)


async def test_what_the_card_did_not_approve_by_itself_is_no_offline_sale(wang: Handset) -> None:
    await wang.load(100_00)
    online = wang.tap(500_00)
    assert isinstance(online, OnlineRequest), "above what it has on it, the card asks"
    advice = wang.advice(500_00, online)
    assert (await wang.codes(advice), await wang.why(advice)) == (["05"], "not_approved_offline")


async def test_an_offline_approval_sent_as_a_sale_is_declined_and_holds_nothing(wang: Handset) -> None:
    await wang.load(300_00)
    sale = replace(wang.advice(80_00), kind=TransactionKind.SALE)
    (answer,) = await wang.host.authorise(sale)
    assert (answer.response_code, await wang.why(sale)) == ("05", "wrong_cryptogram")
    assert (await wang.host.free(wang.person.wallet), await wang.cash()) == ([1_700_00], (300_00, 0))


@pytest.mark.parametrize("change", ["amount", "chip", "psn", "expiry", "merchant", "currency", "torn"])
async def test_a_lie_about_an_offline_sale_is_refused_and_holds_nothing(wang: Handset, change: str) -> None:
    await wang.load(300_00)
    genuine = wang.advice(80_00)
    altered = bytearray(genuine.icc_data)
    altered[altered.index(bytes.fromhex("9F2608")) + 3] ^= 1
    lie, wanted = {
        "amount": (replace(genuine, amount=90_00), "bad_chip_data"),
        "chip": (replace(genuine, icc_data=bytes(altered)), "wrong_cryptogram"),
        "psn": (replace(genuine, psn="02"), "wrong_cryptogram"),
        "expiry": (replace(genuine, expiry_date="3001"), "wrong_expiry"),
        "merchant": (replace(genuine, merchant_id="898110053119999"), "unknown_merchant"),
        "currency": (replace(genuine, currency="840"), "wrong_currency"),
        "torn": (replace(genuine, icc_data=genuine.icc_data[:-3]), "bad_chip_data"),
    }[change]
    (answer,) = await wang.advise(lie)
    assert (answer.response_code == "00", await wang.why(lie), await wang.cash()) == (False, wanted, (300_00, 0))
    assert await wang.codes(replace(genuine, stan="900009")) == ["00"], "the genuine one is still good"


async def test_an_offline_sale_told_late_is_taken_under_a_key_that_has_been_left_behind(wang: Handset) -> None:
    await wang.load(300_00)
    early = wang.advice(10_00)
    for _ in range(12):
        wang.tap(1)
    later = wang.advice(20_00)
    assert await wang.codes(later) == ["00"]
    await wang.host.after(days=45)
    assert await wang.codes(replace(early, received_at=wang.host.place.biller.now)) == ["00"]


async def test_a_lost_or_suspended_phone_cannot_be_stopped_offline_and_the_merchant_is_paid(wang: Handset) -> None:
    await wang.load(300_00)
    await tokens.suspend(wang.house, wang.envelope(), SuspendToken(wang.token))
    assert await wang.codes(wang.advice(50_00)) == ["00"]
    await tokens.delete(wang.house, wang.envelope(), DeleteToken(wang.token))
    assert await wang.codes(wang.advice(60_00)) == ["00"]
    assert (await wang.cash(), await wang.wallet()) == ((300_00, 110_00), 1_700_00)


async def test_an_offline_sale_is_claimed_for_what_the_card_approved_and_no_less(wang: Handset) -> None:
    await wang.load(300_00)
    advice = wang.advice(80_00)
    await wang.advise(advice)
    assert [one.response_code for one in await wang.host.upload(wang.host.claim(advice, amount=79_00))] == ["25"]


async def test_a_batch_that_counts_an_offline_sale_presents_it(wang: Handset) -> None:
    await wang.load(300_00)
    await wang.advise(wang.advice(80_00))
    place = {"merchant_id": MERCHANT, "terminal_id": TERMINAL, "batch": "000001", "stan": "000900"}
    totals = Totals(debit_amount=80_00, debit_count=1, credit_amount=0, credit_count=0)
    asked = SettlementRequest(**place, received_at=wang.host.place.biller.now, currency="156", totals=totals)
    assert (await batch_settlement.settle(wang.house, asked)).totals == totals
    assert (await wang.host.clear())["amount"] == 80_00


async def test_an_offline_sale_waits_for_its_batch_as_long_as_it_takes(wang: Handset) -> None:
    await wang.load(300_00)
    advice = wang.advice(80_00)
    await wang.advise(advice)
    await wang.host.after(days=400)
    day = business_date_of(wang.host.place.biller.now)
    assert (await clearing.expire_holds(wang.house, day)).figures == {"expired": 0}
    await wang.host.upload(wang.host.claim(advice))
    assert (await wang.host.clear(day))["amount"] == 80_00
    assert (await wang.cash(), await wang.wallet()) == ((220_00, 0), 1_700_00)


# a card that is gone


async def returned(wang: Handset, days: int) -> int:
    """What the end of the day gives back so many days from now."""
    await wang.host.after(days=days)
    day = business_date_of(wang.host.place.biller.now)
    amount: int = (await electronic_cash.return_cash(wang.house, day)).figures["amount"]
    return amount


async def test_what_a_deleted_card_left_goes_back_after_thirty_days_once(wang: Handset) -> None:
    await wang.load(300_00)
    await wang.advise(wang.advice(80_00))
    await tokens.delete(wang.house, wang.envelope(), DeleteToken(wang.token))
    assert [await returned(wang, 29), await wang.wallet()] == [0, 1_700_00]
    assert [await returned(wang, 1), await returned(wang, 1), await wang.wallet()] == [220_00, 0, 1_920_00]
    assert await wang.cash() == (80_00, 80_00), "what is claimed waits for clearing"
    async with wang.house.database.read() as tx:
        told = await notices.notices_of(tx, wang.person.book, wang.person.id)
    assert "220.00" in told[0].text_zh
    assert "220.00" in told[0].text_en
    await wang.host.place.all_books_balance()


async def test_the_holder_is_told_that_cash_on_a_lost_card_cannot_be_stopped(wang: Handset) -> None:
    await tokens.delete(wang.house, wang.envelope(), DeleteToken(wang.token))
    async with wang.house.database.read() as tx:
        gone, made = await notices.notices_of(tx, wang.person.book, wang.person.id)
    for one in (gone, made):
        assert "电子现金" in one.text_zh
        assert "无法挂失" in one.text_zh
    assert "nobody can stop it" in made.text_en
    assert "cannot be stopped" in gone.text_en


async def test_what_is_claimed_after_it_went_back_is_the_customers_debt_and_the_merchant_is_paid(wang: Handset) -> None:
    await wang.load(100_00)
    late = wang.advice(80_00)
    await tokens.delete(wang.house, wang.envelope(), DeleteToken(wang.token))
    assert await returned(wang, 30) == 100_00
    assert await wang.codes(late) == ["00"]
    await wang.host.upload(wang.host.claim(late))
    await wang.host.clear(business_date_of(wang.host.place.biller.now))
    assert await wang.host.place.owed(await wang.host.merchant(wang.person.book)) == [80_00]
    assert (await wang.wallet(), await wang.host.place.total(Kind.CUSTOMER_RECEIVABLE)) == (2_000_00, -80_00)
    await wang.host.place.all_books_balance()


async def test_what_a_torn_tap_took_and_nobody_claimed_goes_back_thirty_days_after_the_card_has_told(wang: Handset) -> None:
    await wang.load(300_00)
    wang.tap(80_00)
    assert await wang.codes(wang.advice(30_00)) == ["00"]
    still_to_come = wang.advice(25_00)
    await wang.unload(wang.phone.unload(65_00))
    assert (await wang.cash(), wang.phone.cash) == ((235_00, 30_00), 100_00)
    await wang.host.after(days=1)
    await wang.unload(wang.phone.unload(1_00))
    assert await wang.codes(still_to_come) == ["00"]
    assert [await returned(wang, days) for days in (28, 1, 1, 30)] == [0, 80_00, 0, 0]
    assert (await wang.cash(), await wang.wallet(), wang.phone.cash) == ((154_00, 55_00), 1_846_00, 99_00)
    async with wang.house.database.read() as tx:
        told = await notices.notices_of(tx, wang.person.book, wang.person.id)
    assert "80.00" in told[0].text_zh
    await wang.host.place.all_books_balance()


async def test_a_load_that_the_card_has_not_taken_yet_is_not_taken_for_a_torn_tap(wang: Handset) -> None:
    """Neither an order that waits nor one that overtakes a proof on its way: the card may take it any day."""
    await wang.load(100_00)
    waiting = await wang.order(500_00)
    await wang.unload(wang.phone.unload(1_00))
    late = wang.phone.unload(1_00)
    wang.phone.load(msgspec.to_builtins(waiting))
    await wang.unload(late)
    assert [await returned(wang, days) for days in (31, 1)] == [0, 0]
    assert (await wang.cash(), wang.phone.cash) == ((598_00, 0), 598_00)


async def test_the_statement_shows_what_came_onto_the_card_and_left_it(wang: Handset) -> None:
    await wang.load(300_00)
    await wang.unload(wang.phone.unload(50_00))
    advice = wang.advice(80_00)
    await wang.advise(advice)
    await wang.host.upload(wang.host.claim(advice))
    await wang.host.clear()
    async with wang.house.database.read() as tx:
        row = (await customers.persons(tx, [(wang.person.book, wang.person.id)]))[wang.person.id]
        shown = await statement_of(wang.house, tx, row)
    lines = [(one.account, one.amount, one.balance, one.text_zh) for one in shown.statement if one.account == "cash"]
    assert lines == [
        ("cash", 300_00, 300_00, "圈存电子现金"),
        ("cash", -50_00, 250_00, "电子现金转回钱包"),
        ("cash", -80_00, 170_00, "碰一碰支付 · 早点铺"),
    ]
    assert (shown.cash, shown.cash_held) == (170_00, 0)


async def test_a_batch_of_many_advices_takes_no_more_statements_than_one_of_few(wang: Handset) -> None:
    await wang.load(300_00)
    await wang.advise(wang.advice(1))
    few, many = [[wang.advice(1) for _ in range(number)] for number in (2, 25)]
    counted = []
    for advices in (few, many):
        routed = [wang.host.routed(one) for one in advices]
        async with wang.house.database.transaction() as tx:
            await wang.house.ledger.lock_books(tx, [wang.person.book])
            counting = Counting(tx)
            assert {one.response_code for one in await offline_sale.advise(wang.host.cards, counting, routed)} == {"00"}
            counted.append(counting.statements)
    assert counted[0] == counted[1]


async def test_an_offline_sale_is_good_under_an_older_key_index_and_declined_under_a_retired_one(wang: Handset) -> None:
    await wang.load(100_00)
    await issuer_keys.generate(wang.house)
    assert await wang.codes(wang.advice(10_00)) == ["00"]
    late = wang.advice(10_00)
    await issuer_keys.retire(wang.house, 1)
    assert (await wang.codes(late), await wang.why(late)) == (["05"], "key_index_retired")
    assert await wang.cash() == (100_00, 10_00)

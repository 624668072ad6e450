"""The till beyond the sale, against a host on a real socket: offline approvals, voids, refunds, sign-on, and reversals that are refused."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from till_host import KEY, MASTER_KEY, MERCHANT, NEW_KEY, NOON, TERMINAL, Bank, Network, hosted

from tapwealth.acquiring.day_report import BatchStands
from tapwealth.acquiring.paper import Language
from tapwealth.acquiring.till import Till
from tapwealth.acquiring.till_result import SettleOutcome, SignOnOutcome, TillRefusal, VoucherOutcome, VoucherResult
from tapwealth.kernel.refusal import Outage, Refusal
from tapwealth.wire.iso8583.requests import AuthorisationRequest, FollowUpRequest, ReversalRequest, TerminalRequest, Totals, TransactionKind

TRACK2, PAN = "6212345678901232D24122200000012345678", "6212345678901232"
CHIP = bytes.fromhex("9F2701409F3602000E")


@pytest.fixture
def bank() -> Bank:
    return Bank()


@pytest.fixture
async def network(bank: Bank) -> AsyncIterator[Network]:
    async with hosted(bank) as network:
        yield network


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "till"


def till_on(network: Network, folder: Path, *, key: bytes = KEY, master_key: bytes = b"") -> Till:
    first = None if (folder / "state.json").exists() else 1
    return Till(folder, "127.0.0.1", network.port, TERMINAL, MERCHANT, key, master_key=master_key, timeout_ms=10_000, start_batch=first)


@pytest.fixture
def till(network: Network, folder: Path) -> Iterator[Till]:
    till = till_on(network, folder)
    yield till
    till.close()


async def sell(till: Till, amount: int = 1250) -> VoucherResult:
    return await till.sale(amount=amount, track2=TRACK2, psn="01", icc_data=CHIP, at=NOON)


async def take_offline(till: Till, amount: int = 500, *, believed: bool = True) -> VoucherResult:
    return await till.offline_sale(amount=amount, track2=TRACK2, psn="01", icc_data=CHIP, at=NOON, left_on_card=9_500, believed=believed)


async def done(answer: VoucherResult | Refusal) -> VoucherResult:
    assert isinstance(answer, VoucherResult), answer
    return answer


def asked(bank: Bank) -> list[str]:
    """Kind and STAN of everything that reached the bank."""
    kinds = [getattr(request, "kind", None) for request in bank.seen]
    return [
        f"{request.mti_class}{'' if kind is None else '/' + str(kind)} {request.stan}"
        for request, kind in zip(bank.seen, kinds, strict=True)
    ]


# ---- what a card approved by itself


async def test_an_offline_approval_is_paid_without_a_host_and_forwarded_before_the_next_request(
    till: Till, bank: Bank, network: Network, folder: Path
) -> None:
    result = await take_offline(till)
    assert (result.outcome, bank.seen, till.waiting_advices) == (VoucherOutcome.APPROVED, [], 1)
    assert result.receipt is not None
    paper = result.receipt.text(Language.ZH)
    assert "电子现金消费" in paper
    assert "RMB 95.00" in paper
    assert (await sell(till)).outcome is VoucherOutcome.APPROVED
    assert asked(bank) == ["02/36 000001", "02/22 000002"]
    advice = bank.seen[0]
    assert isinstance(advice, AuthorisationRequest)
    assert (advice.amount, advice.icc_data, advice.pan.reveal()) == (500, CHIP, PAN)
    assert till.waiting_advices == 0


async def test_what_an_advice_carries_is_forgotten_once_it_is_answered(till: Till, folder: Path) -> None:
    await take_offline(till)
    before = json.loads((folder / "state.json").read_text())["vouchers"][0]
    assert before["chip"]
    await till.catch_up()
    after = json.loads((folder / "state.json").read_text())["vouchers"][0]
    assert (after["chip"], after["advice_code"], after["authorisation_code"]) == ("", "00", "E00001")
    assert len(after["card"]) < len(before["card"]), "the issuer's part of track 2 is gone"
    assert till._drawer.vault.open_card(after["card"]) == (f"{PAN}D2412220", "01")


async def test_an_advice_is_sent_again_over_restarts_until_it_is_answered(bank: Bank, network: Network, folder: Path) -> None:
    till = till_on(network, folder)
    await take_offline(till)
    network.cuts_next = 1
    assert "the host closed the line" in await till.catch_up()
    till.close()
    again = till_on(network, folder)
    assert again.waiting_advices == 1
    assert await again.catch_up() == ""
    again.close()
    assert asked(bank) == ["02/36 000001", "02/36 000001"]
    assert bank.held == {bank.seen[0].key: 500}


async def test_no_sale_is_asked_for_while_an_advice_gets_no_answer(till: Till, bank: Bank, network: Network) -> None:
    await take_offline(till)
    network.cuts_next = 1
    result = await sell(till)
    assert result.outcome is VoucherOutcome.NOT_SENT
    assert result.note.startswith("an offline sale waits to be forwarded")
    assert asked(bank) == ["02/36 000001"]


async def test_an_advice_that_the_host_wants_later_stops_no_sale_and_holds_the_settlement(till: Till, bank: Bank) -> None:
    await take_offline(till)
    bank.advice_code = "96"
    assert (await sell(till)).outcome is VoucherOutcome.APPROVED
    result = await till.settle(NOON)
    assert (result.outcome, result.note) == (
        SettleOutcome.UNFINISHED,
        "an offline sale waits to be forwarded: the host asks to come again later (96)",
    )
    bank.advice_code = ""
    assert (await till.settle(NOON)).outcome is SettleOutcome.EQUAL


async def test_settlement_forwards_and_claims_what_cards_approved(till: Till, bank: Bank) -> None:
    await take_offline(till, 500)
    await sell(till, 1250)
    await take_offline(till, 700)
    result = await till.settle(NOON)
    assert (result.outcome, result.totals) == (SettleOutcome.EQUAL, Totals(debit_amount=2450, debit_count=3))
    assert sorted(bank.uploaded.values()) == [500, 700, 1250]


async def test_an_offline_sale_that_its_issuer_refuses_is_not_claimed_and_is_listed(till: Till, bank: Bank) -> None:
    await take_offline(till)
    bank.advice_code = "05"
    result = await till.settle(NOON)
    assert result.outcome is SettleOutcome.EQUAL
    assert result.totals == Totals(debit_amount=0, debit_count=0)
    assert result.report is not None
    assert result.report.refused == ["000001"]
    assert "NOT TAKEN 05" in result.report.text(Language.EN)


@pytest.mark.parametrize(
    ("code", "outcome"), [("", VoucherOutcome.APPROVED), ("05", VoucherOutcome.DECLINED), ("96", VoucherOutcome.UNDECIDED)]
)
async def test_a_card_that_paid_and_is_not_proved_waits_for_its_issuer(till: Till, bank: Bank, code: str, outcome: VoucherOutcome) -> None:
    bank.advice_code = code
    result = await take_offline(till, believed=False)
    assert result.outcome is outcome
    assert asked(bank) == ["02/36 000001"], "an advice, and no sale"


async def test_what_a_card_approves_while_a_batch_is_settled_belongs_to_the_next(till: Till, bank: Bank, network: Network) -> None:
    await sell(till)

    def lose(request: TerminalRequest) -> None:
        network.cuts_next = int(request.mti_class == "05")

    bank.before = lose
    assert (await till.settle(NOON)).outcome is SettleOutcome.UNFINISHED
    assert till.hindrance == "the batch is being settled: settle first"
    bank.before = lambda request: None
    assert (await take_offline(till)).batch == "000002"
    first = await till.settle(NOON)
    assert (first.outcome, first.totals.debit_amount) == (SettleOutcome.EQUAL, 1250)
    assert till.open_batch == ("000002", Totals(debit_amount=500, debit_count=1))


# ---- voids


async def test_a_void_undoes_a_sale_of_the_open_batch_and_neither_is_claimed(till: Till, bank: Bank) -> None:
    sold = await sell(till)
    voided = await done(await till.void(sold.invoice, NOON))
    assert (voided.outcome, voided.invoice) == (VoucherOutcome.APPROVED, "000002")
    assert isinstance(bank.seen[1], FollowUpRequest)
    assert (bank.seen[1].kind, bank.seen[1].original, bank.seen[1].rrn) == (TransactionKind.VOID, ("000001", "000001", "0224"), sold.rrn)
    assert voided.receipt is not None
    assert "OF INVOICE                000001" in voided.receipt.text(Language.EN)
    assert bank.held == {}
    result = await till.settle(NOON)
    assert (result.outcome, result.totals) == (SettleOutcome.EQUAL, Totals(debit_amount=0, debit_count=0))
    assert bank.uploaded == {}


async def test_a_void_whose_answer_is_lost_is_reversed_and_the_sale_stands(till: Till, bank: Bank, network: Network) -> None:
    sold = await sell(till)
    network.cuts_next = 1
    voided = await done(await till.void(sold.invoice, NOON))
    assert voided.outcome is VoucherOutcome.REVERSED
    assert isinstance(bank.seen[-1], ReversalRequest)
    assert bank.seen[-1].kind is TransactionKind.VOID
    assert till.open_batch[1] == Totals(debit_amount=1250, debit_count=1)
    assert (await till.settle(NOON)).outcome is SettleOutcome.EQUAL


async def test_only_a_standing_sale_of_the_open_batch_can_be_voided(till: Till, bank: Bank) -> None:
    async def refused(invoice: str) -> tuple[object, str]:
        answer = await till.void(invoice, NOON)
        assert isinstance(answer, Refusal)
        return answer.code, answer.text

    code, text = await refused("000009")
    assert (code, "look at the receipt" in text) == (TillRefusal.NOT_SOLD_HERE, True)
    sold, offline = await sell(till), await take_offline(till)
    assert (await refused(offline.invoice))[0] is TillRefusal.PAID_OFFLINE
    voided = await done(await till.void(sold.invoice, NOON))
    seen = len(bank.seen)
    assert (await refused(sold.invoice))[0] is TillRefusal.ALREADY_VOIDED
    assert (await refused(voided.invoice))[0] is TillRefusal.NOT_A_SALE
    assert len(bank.seen) == seen, "the host was not asked"
    await till.settle(NOON)
    code, text = await refused(sold.invoice)
    assert (code, "refund it instead" in text) == (TillRefusal.NOT_SOLD_HERE, True)


# ---- refunds


async def test_a_settled_sale_is_refunded_in_parts_and_never_above_what_it_was(till: Till, bank: Bank) -> None:
    sold = await sell(till, 1000)
    await till.settle(NOON)
    first = await done(await till.refund(sold.invoice, 400, NOON))
    assert (first.outcome, first.batch) == (VoucherOutcome.APPROVED, "000002")
    assert isinstance(bank.seen[-1], FollowUpRequest)
    assert (bank.seen[-1].kind, bank.seen[-1].original) == (TransactionKind.REFUND, ("000001", "000001", "0224"))
    assert till.open_batch[1] == Totals(debit_amount=0, debit_count=0, credit_amount=400, credit_count=1)
    assert (await till.settle(NOON)).outcome is SettleOutcome.EQUAL
    above = await till.refund(sold.invoice, 601, NOON)
    assert isinstance(above, Refusal)
    assert (above.code, above.text) == (
        TillRefusal.ABOVE_SALE,
        "of the 10.00 of invoice 000001 there are 6.00 left to give back",
    )
    rest = await done(await till.refund(sold.invoice, None, NOON))
    assert rest.receipt is not None
    assert rest.receipt.amount == 600
    nothing = await till.refund(sold.invoice, None, NOON)
    assert isinstance(nothing, Refusal)
    assert nothing.code is TillRefusal.ABOVE_SALE


async def test_what_is_not_settled_or_not_sold_here_or_voided_is_not_refunded(till: Till, bank: Bank) -> None:
    sold, other = await sell(till), await sell(till)
    await till.void(other.invoice, NOON)
    offline = await take_offline(till)
    bank.advice_code = "05"

    async def why(invoice: str) -> object:
        answer = await till.refund(invoice, 1, NOON)
        assert isinstance(answer, Refusal)
        return answer.code

    assert await why(sold.invoice) is TillRefusal.NOT_SETTLED
    assert await why("000099") is TillRefusal.NOT_SOLD_HERE
    await till.settle(NOON)
    assert await why(other.invoice) is TillRefusal.ALREADY_VOIDED
    assert await why(offline.invoice) is TillRefusal.NOT_TAKEN


async def test_a_refund_before_the_days_clearing_is_told_to_wait(till: Till, bank: Bank) -> None:
    sold = await sell(till)
    await till.settle(NOON)
    bank.cleared.clear()
    result = await done(await till.refund(sold.invoice, None, NOON))
    assert result.outcome is VoucherOutcome.DECLINED
    assert "after the day's clearing" in result.note


# ---- reversals that are refused


async def test_a_reversal_that_the_host_refuses_for_good_blocks_nothing_and_keeps_its_code(
    till: Till, bank: Bank, network: Network
) -> None:
    network.cuts_next = 1
    bank.reversal_code = "64"
    result = await sell(till)
    assert (result.outcome, result.response_code) == (VoucherOutcome.DISPUTED, "64")
    assert result.receipt is not None
    assert "64 WRONG ORIGINAL AMOUNT" in result.receipt.text(Language.EN)
    assert (await sell(till)).outcome is VoucherOutcome.APPROVED
    report = till.report(NOON)
    assert [(one.stan, one.final_code) for one in report.disputed] == [("000001", "64")]
    assert "REVERSAL REFUSED\n  64 WRONG ORIGINAL AMOUNT" in report.text(Language.EN)
    settled = await till.settle(NOON)
    assert settled.report is not None
    assert len(settled.report.disputed) == 1
    assert till.report(NOON).disputed == ()


async def test_a_reversal_that_is_wanted_later_stays_due_and_says_so(till: Till, bank: Bank, network: Network) -> None:
    network.cuts_next = 1
    bank.reversal_code = "96"
    assert (await sell(till)).outcome is VoucherOutcome.REVERSAL_PENDING
    assert (await sell(till)).note == "an earlier sale waits for its reversal: the host asks to come again later (96)"
    bank.reversal_code = ""
    assert (await sell(till)).outcome is VoucherOutcome.APPROVED


async def test_a_host_that_does_not_take_the_key_says_what_to_do(bank: Bank, network: Network, folder: Path) -> None:
    till = till_on(network, folder, key=KEY[::-1])
    result = await sell(till)
    assert result.outcome is VoucherOutcome.REVERSAL_PENDING, "it may have been done all the same"
    assert "A0 MAC ERROR" in result.note
    assert "sign on" in result.note
    bank.keys = [KEY[::-1]]
    assert await till.catch_up() == ""
    till.close()


async def test_numbers_that_the_host_knows_for_another_sale_tell_of_an_old_copy(till: Till, bank: Bank) -> None:
    bank.sale_code = "94"
    result = await sell(till)
    assert result.outcome is VoucherOutcome.DECLINED
    assert "this till's state is an old copy; sign on with --start-batch" in result.note


# ---- sign-on


async def test_signing_on_takes_a_new_key_that_stands_over_a_restart(bank: Bank, network: Network, folder: Path) -> None:
    till = till_on(network, folder, master_key=MASTER_KEY)
    assert (await till.sign_on()).outcome is SignOnOutcome.NEW_KEY
    assert (await sell(till)).outcome is VoucherOutcome.APPROVED
    assert bank.keys == [NEW_KEY]
    till.close()
    assert NEW_KEY.hex() not in (folder / "state.json").read_text().lower()
    again = till_on(network, folder, master_key=MASTER_KEY)
    assert (await sell(again)).outcome is VoucherOutcome.APPROVED
    again.close()


async def test_signing_on_does_what_is_due(till: Till, bank: Bank, network: Network) -> None:
    network.cuts_next = 2
    await take_offline(till)
    assert (await till.catch_up()) != ""
    network.cuts_next = 0
    result = await till.sign_on()
    assert (result.outcome, result.due, till.waiting_advices) == (SignOnOutcome.LINE_GOOD, "", 0)


async def test_a_key_under_another_master_key_is_not_taken(bank: Bank, network: Network, folder: Path) -> None:
    till = till_on(network, folder, master_key=MASTER_KEY[::-1])
    result = await till.sign_on()
    assert result.outcome is SignOnOutcome.REFUSED
    assert "a check value is wrong" in result.note
    assert (await sell(till)).outcome is VoucherOutcome.APPROVED, "the key in use stays"
    till.close()


async def test_signing_on_without_a_host_says_so(till: Till, bank: Bank, network: Network) -> None:
    def silent(request: TerminalRequest) -> None:
        raise Outage("away")

    network.cuts_next = 1
    assert (await till.sign_on()).outcome is SignOnOutcome.NO_ANSWER
    await network.stop()
    assert "no line to" in (await till.sign_on()).note


# ---- the report


async def test_the_report_counts_each_kind_and_says_how_the_batch_stands(till: Till, bank: Bank) -> None:
    sold = await sell(till, 1000)
    await sell(till, 2000)
    await take_offline(till, 300)
    await till.void(sold.invoice, NOON)
    report = till.report(NOON)
    assert report.stands is BatchStands.OPEN
    data = report.as_data()
    assert data["by_kind"] == {
        "sale": {"count": 1, "amount": 2000},
        "offline sale": {"count": 1, "amount": 300},
        "void": {"count": 1, "amount": 1000},
        "refund": {"count": 0, "amount": 0},
    }
    assert data["totals"] == {"sales": 2, "sales_amount": 2300, "refunds": 0, "refunds_amount": 0}
    text = report.text(Language.EN)
    assert "NOT SETTLED" in text
    assert "VOIDED" in text
    assert PAN not in text + json.dumps(data)
    await till.settle(NOON)
    assert till.report(NOON, "000001").stands is BatchStands.EQUAL
    assert till.report(NOON).as_data()["vouchers"] == []

"""The till against a host on a real socket: sales, lost answers, restarts, kills, batches."""

import asyncio
import json
import signal
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from till_host import KEY, MERCHANT, NOON, TERMINAL, Bank, Network, hosted

from tapwealth.acquiring.paper import Language
from tapwealth.acquiring.till import Till
from tapwealth.acquiring.till_result import SettleOutcome, VoucherOutcome, VoucherResult
from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.wire.iso8583.requests import AuthorisationRequest, ReversalRequest, TerminalRequest, Totals

TRACK2 = "6212345678901232D24122200000012345678"


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


def till_on(network: Network, folder: Path) -> Till:
    """The till in its folder; a new one begins with batch 1."""
    first = None if (folder / "state.json").exists() else 1
    return Till(folder, "127.0.0.1", network.port, TERMINAL, MERCHANT, KEY, merchant_name="晨光小店", timeout_ms=1_000, start_batch=first)


@pytest.fixture
def till(network: Network, folder: Path) -> Iterator[Till]:
    till = till_on(network, folder)
    yield till
    till.close()


async def sell(till: Till, amount: int = 1250) -> VoucherResult:
    return await till.sale(amount=amount, track2=TRACK2, psn="01", icc_data=bytes.fromhex("9F3602000E"), at=NOON, aid="A000000333010101")


def stored(folder: Path) -> dict[str, Any]:
    state: dict[str, Any] = json.loads((folder / "state.json").read_text())
    return state


def kinds(bank: Bank) -> list[str]:
    return [request.mti_class + request.stan for request in bank.seen]


# ---- a sale


async def test_an_approved_sale_is_in_the_batch_and_on_paper(till: Till, bank: Bank) -> None:
    result = await sell(till)
    assert (result.outcome, result.stan, result.authorisation_code, result.rrn) == (
        VoucherOutcome.APPROVED,
        "000001",
        "A00001",
        "140224000001",
    )
    assert result.icc_data == b"\x91\x00"
    assert till.open_batch == ("000001", Totals(debit_amount=1250, debit_count=1))
    assert result.receipt is not None
    english = result.receipt.text(Language.EN)
    assert "621234******1232" in english
    assert "RMB 12.50" in english
    assert "2014/02/24 12:00:00" in english
    assert "交易成功" in result.receipt.text(Language.ZH)


async def test_a_declined_sale_is_not_in_the_batch_and_says_why(till: Till) -> None:
    result = await sell(till, 100_001)
    assert (result.outcome, result.response_code) == (VoucherOutcome.DECLINED, "51")
    assert result.receipt is not None
    assert "51 INSUFFICIENT FUNDS" in result.receipt.text(Language.EN)
    assert till.open_batch == ("000001", Totals(debit_amount=0, debit_count=0))
    assert (await sell(till)).stan == "000002"


async def test_a_lost_answer_is_reversed_at_once(till: Till, bank: Bank, network: Network) -> None:
    network.loses_next = 1
    result = await sell(till)
    assert result.outcome is VoucherOutcome.REVERSED
    assert "no answer within 1000 ms" in result.note
    assert kinds(bank) == ["02000001", "04000001"]
    assert isinstance(bank.seen[1], ReversalRequest)
    assert (bank.seen[1].reason, bank.seen[1].amount) == ("98", 1250)
    assert bank.held == {}
    assert not till.has_pending


async def test_an_answer_with_a_wrong_mac_is_reversed(till: Till, bank: Bank, network: Network) -> None:
    network.mangles = True
    result = await sell(till)
    assert result.outcome is VoucherOutcome.REVERSED
    assert isinstance(bank.seen[1], ReversalRequest)
    assert bank.seen[1].reason == "A0"


async def test_a_host_that_gives_no_answer_gets_a_reversal(till: Till, bank: Bank) -> None:
    def outage(request: TerminalRequest) -> None:
        if isinstance(request, AuthorisationRequest):
            raise Outage("the outcome is unknown")

    bank.before = outage
    assert (await sell(till)).outcome is VoucherOutcome.REVERSED


async def test_a_reversal_is_due_until_it_is_answered_over_a_restart_too(bank: Bank, network: Network, folder: Path) -> None:
    till = till_on(network, folder)
    network.loses_next = 2
    result = await sell(till)
    assert result.outcome is VoucherOutcome.REVERSAL_PENDING
    network.loses_next = 1
    assert not await till.reverse_pending()
    till.close()
    again = till_on(network, folder)
    assert again.has_pending
    assert await again.reverse_pending()
    assert await again.reverse_pending()
    again.close()
    assert kinds(bank) == ["02000001", "04000001", "04000001", "04000001"]
    assert bank.held == {}


async def test_a_host_that_asks_to_come_again_is_asked_again(till: Till, bank: Bank, network: Network) -> None:
    def outage(request: TerminalRequest) -> None:
        raise Outage("the database is away")

    bank.before = outage
    assert (await sell(till)).outcome is VoucherOutcome.REVERSAL_PENDING
    bank.before = lambda request: None
    assert await till.reverse_pending()


async def test_the_next_sale_waits_for_the_reversal_of_the_last(till: Till, bank: Bank, network: Network) -> None:
    network.loses_next = 3
    assert (await sell(till)).outcome is VoucherOutcome.REVERSAL_PENDING
    refused = await sell(till)
    assert refused.outcome is VoucherOutcome.NOT_SENT
    assert refused.note.startswith("an earlier sale waits for its reversal: no answer within 1000 ms")
    assert (await sell(till)).outcome is VoucherOutcome.APPROVED
    assert kinds(bank) == ["02000001", "04000001", "04000001", "04000001", "02000002"]


async def test_without_a_line_nothing_is_sent_and_no_number_used(folder: Path, network: Network) -> None:
    await network.stop()
    till = till_on(network, folder)
    result = await sell(till)
    assert (result.outcome, result.receipt) == (VoucherOutcome.NOT_SENT, None)
    assert result.note.startswith("no line to 127.0.0.1")
    assert stored(folder)["numbers"]["stan"] == 1
    till.close()


@pytest.mark.parametrize(("amount", "track2"), [(0, TRACK2), (-1, TRACK2), (10**12, TRACK2), (1250, "6212345678901232"), (1250, "")])
async def test_values_that_make_no_message_change_nothing(till: Till, bank: Bank, folder: Path, amount: int, track2: str) -> None:
    with pytest.raises(BadInput):
        await till.sale(amount=amount, track2=track2, psn="01", icc_data=b"\x9f", at=NOON)
    assert bank.seen == []
    assert stored(folder)["numbers"]["stan"] == 1


async def test_sales_wait_for_each_other(till: Till, bank: Bank) -> None:
    results = await asyncio.gather(*(sell(till) for _ in range(5)))
    assert sorted(result.stan for result in results) == [f"{number:06d}" for number in range(1, 6)]
    assert till.open_batch[1] == Totals(debit_amount=6250, debit_count=5)


# ---- a batch


async def test_a_batch_is_uploaded_and_settled_and_the_next_begins(till: Till, bank: Bank) -> None:
    for amount in (1000, 2000, 3000):
        await sell(till, amount)
    result = await till.settle(NOON)
    assert (result.outcome, result.batch) == (SettleOutcome.EQUAL, "000001")
    assert result.totals == result.host_totals == Totals(debit_amount=6000, debit_count=3)
    assert kinds(bank)[3:] == ["03000004", "03000005", "03000006", "05000007"]
    assert [str(key) for key in bank.uploaded] == [f"02/{MERCHANT}/{TERMINAL}/000001/00000{number}" for number in (1, 2, 3)]
    assert till.open_batch == ("000002", Totals(debit_amount=0, debit_count=0))
    assert (await sell(till)).batch == "000002"
    assert result.report is not None
    assert "RMB 60.00" in result.report.text(Language.EN)
    assert "平账" in result.report.text(Language.ZH)


@pytest.mark.parametrize("answers_before_the_loss", range(4))
async def test_a_settlement_goes_on_where_it_stopped_with_the_same_numbers(
    bank: Bank, network: Network, folder: Path, answers_before_the_loss: int
) -> None:
    till = till_on(network, folder)
    for amount in (1000, 2000, 3000):
        await sell(till, amount)
    answered = 0

    def lose(request: TerminalRequest) -> None:
        nonlocal answered
        answered += 1
        network.loses_next = int(answered == answers_before_the_loss + 1)

    bank.before = lose
    unfinished = await till.settle(NOON)
    assert unfinished.outcome is SettleOutcome.UNFINISHED
    if answers_before_the_loss == 3:
        assert (await sell(till)).note == "the batch is being settled: settle first"
    till.close()
    again = till_on(network, folder)
    assert (await again.settle(NOON)).outcome is SettleOutcome.EQUAL
    again.close()
    sent = kinds(bank)[3:]
    assert len(sent) == 5
    assert sent[answers_before_the_loss] == sent[answers_before_the_loss + 1]
    assert sorted(set(sent)) == ["03000004", "03000005", "03000006", "05000007"]


async def test_totals_that_differ_close_the_batch_and_say_so(till: Till, bank: Bank) -> None:
    bank.missing = 1
    await sell(till)
    result = await till.settle(NOON)
    assert result.outcome is SettleOutcome.DIFFERENT
    assert result.host_totals == Totals(debit_amount=1249, debit_count=1)
    assert result.report is not None
    assert "NOT EQUAL" in result.report.text(Language.EN)


async def test_a_sale_that_the_host_does_not_know_is_listed(till: Till, bank: Bank) -> None:
    await sell(till)
    bank.held.clear()
    result = await till.settle(NOON)
    assert result.report is not None
    assert list(result.report.refused) == ["000001"]


async def test_an_empty_batch_settles(till: Till) -> None:
    assert (await till.settle(NOON)).outcome is SettleOutcome.EQUAL


# ---- the file


async def test_the_file_shows_no_card(till: Till, network: Network, folder: Path) -> None:
    await sell(till)
    network.loses_next = 2
    await sell(till)
    text = (folder / "state.json").read_text()
    assert stored(folder)["pending"]
    assert "6212345678901232" not in text
    assert "24122200000012345678" not in text


def test_two_processes_cannot_run_one_till(network: Network, till: Till, folder: Path) -> None:
    with pytest.raises(BadInput, match=r"state\.json\.lock: another process runs this till; stop it first"):
        till_on(network, folder)
    till.close()
    till_on(network, folder).close()


async def test_a_file_under_another_key_does_not_open(bank: Bank, network: Network, till: Till, folder: Path) -> None:
    network.loses_next = 2
    await sell(till)
    till.close()
    (folder / "store.key").write_text("00" * 32)
    other = till_on(network, folder)
    with pytest.raises(BadInput, match="stored card data do not open"):
        await other.reverse_pending()
    other.close()


def test_numbers_begin_again_after_the_last(network: Network, folder: Path) -> None:
    first = {"format": 1, "merchant_id": MERCHANT, "terminal_id": TERMINAL, "next_stan": 999_999, "batch": 999_999}
    folder.mkdir()
    (folder / "state.json").write_text(json.dumps(first))
    till = till_on(network, folder)
    assert till._state.take_stan() == "999999"
    assert till._state.take_stan() == "000001"
    till.close()


CHILD = """
    import asyncio, sys
    from datetime import datetime, UTC
    from pathlib import Path
    from tapwealth.acquiring.till import Till

    async def main():
        key = bytes.fromhex(sys.argv[3])
        till = Till(Path(sys.argv[1]), "127.0.0.1", int(sys.argv[2]), "80000001", "102110053119999", key, timeout_ms=60_000)
        while True:
            result = await till.sale(amount=100, track2=sys.argv[4], psn="01", icc_data=b"\\x9f", at=datetime(2014, 2, 24, 4, tzinfo=UTC))
            print(f"{result.outcome.name} {result.stan}", flush=True)  # in one write: a kill leaves all of it or nothing

    asyncio.run(main())
"""


async def test_kills_at_any_instant_lose_no_sale_and_repeat_no_number(bank: Bank, network: Network, folder: Path) -> None:
    """Killed with -9 five times in the middle of sales: every sale that was told is in the batch, every other one is undone."""
    told: list[str] = []
    till_on(network, folder).close()
    for number in range(5):
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            textwrap.dedent(CHILD),
            str(folder),
            str(network.port),
            KEY.hex(),
            TRACK2,
            stdout=asyncio.subprocess.PIPE,
        )
        assert child.stdout is not None
        told.append((await child.stdout.readline()).decode())
        await asyncio.sleep(0.05 + number * 0.013)
        child.send_signal(signal.SIGKILL)
        told += (await child.stdout.read()).decode().splitlines()
        await child.wait()
    till = till_on(network, folder)
    assert await till.reverse_pending()
    approved = {line.split()[1] for line in told if line.startswith("APPROVED")}
    assert len(approved) >= 5
    in_batch = {one.stan for one in till.report(NOON).vouchers}
    assert approved <= in_batch
    assert in_batch == {key.stan for key in bank.held}
    stans = [request.stan for request in bank.seen if isinstance(request, AuthorisationRequest)]
    assert len(stans) == len(set(stans))
    assert (await till.settle(NOON)).outcome is SettleOutcome.EQUAL
    till.close()

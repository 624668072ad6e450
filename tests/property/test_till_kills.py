"""Whatever the merchant does, whatever answers get lost, and wherever between two writes the till is killed: no number comes twice, and no
offline approval, no reversal and no sale is lost."""

import asyncio
import os
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pytest
from dear import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from till_host import KEY, MASTER_KEY, MERCHANT, NOON, TERMINAL, Bank, Network, hosted

from tapwealth.acquiring import state_file
from tapwealth.acquiring.till import Till
from tapwealth.acquiring.till_result import SettleOutcome, VoucherOutcome, VoucherResult
from tapwealth.acquiring.till_state import Voucher, VoucherKind
from tapwealth.wire.iso8583.requests import AuthorisationRequest, FollowUpRequest, ReversalRequest

TRACK2, CHIP = "6212345678901232D24122200000012345678", bytes.fromhex("9F2701409F3602000E")
ACTIONS = ("sale", "offline", "void", "refund", "settle", "catch up", "sign on")


class Killed(BaseException):
    """The process is gone at this very place."""


@dataclass
class Disk:
    """Counts what reaches the disk, half steps too, and kills at the one that is drawn."""

    kill_at: int = 0
    _write: Any = state_file._write_through
    _replace: Any = os.replace

    def step(self) -> None:
        self.kill_at -= 1
        if self.kill_at == 0:
            raise Killed

    def write(self, path: Path, data: bytes) -> None:
        self.step()
        self._write(path, data)
        self.step()

    def replace(self, here: Path, there: Path) -> None:
        self._replace(here, there)
        self.step()


@dataclass
class Merchant:
    """Switches the till on again after each kill, and remembers what it was told."""

    folder: Path
    network: Network
    disk: Disk = field(default_factory=Disk)
    approved: list[VoucherResult] = field(default_factory=list)
    stored_offline: list[VoucherResult] = field(default_factory=list)
    till: Till | None = None

    def switched_on(self) -> Till:
        if self.till is None:
            first = None if (self.folder / "state.json").exists() else 1
            where = self.folder, "127.0.0.1", self.network.port, TERMINAL, MERCHANT, KEY
            self.till = Till(*where, master_key=MASTER_KEY, timeout_ms=5_000, start_batch=first)
        return self.till

    def switched_off(self) -> None:
        if self.till is not None:
            self.till.close()
            self.till = None

    async def do(self, action: str, kill_at: int, cuts: int) -> None:
        till = self.switched_on()
        self.network.cuts_next, self.disk.kill_at = cuts, kill_at
        try:
            await self._act(till, action)
        except Killed:
            self.switched_off()
        finally:
            self.network.cuts_next, self.disk.kill_at = 0, 0

    async def _act(self, till: Till, action: str) -> None:
        sold = [one.invoice for one in self.approved]
        match action:
            case "sale":
                self._told(await till.sale(amount=100, track2=TRACK2, psn="01", icc_data=CHIP, at=NOON))
            case "offline":
                result = await till.offline_sale(amount=7, track2=TRACK2, psn="01", icc_data=CHIP, at=NOON)
                self.stored_offline.append(result)
            case "void" if sold:
                await till.void(sold[-1], NOON)
            case "refund" if sold:
                await till.refund(sold[0], 1, NOON)
            case "settle":
                await till.settle(NOON)
            case "sign on":
                await till.sign_on()
            case _:
                await till.catch_up()

    def _told(self, result: VoucherResult) -> None:
        if result.outcome is VoucherOutcome.APPROVED:
            self.approved.append(result)

    async def close_the_day(self) -> list[Voucher]:
        """Without further trouble; everything that the till has on record."""
        till = self.switched_on()
        for _ in range(3):
            if (await till.settle(NOON)).outcome is not SettleOutcome.UNFINISHED:
                break
        assert not till.has_pending
        assert till.waiting_advices == 0
        await till.settle(NOON)
        kept = [one for batch in till._drawer.file.all_settled() for one in batch.vouchers]
        self.switched_off()
        return kept


STEP = st.tuples(st.sampled_from(ACTIONS), st.integers(0, 14), st.sampled_from((0, 0, 0, 1, 2)))


@pytest.mark.dear
@settings(max_examples=examples(40, some=12))
@given(st.lists(STEP, min_size=3, max_size=14))
def test_kills_between_any_two_writes_repeat_no_number_and_lose_nothing(steps: list[tuple[str, int, int]]) -> None:
    asyncio.run(_lived(steps))


async def _lived(steps: list[tuple[str, int, int]]) -> None:
    bank = Bank()
    with TemporaryDirectory() as folder:
        async with hosted(bank) as network:
            merchant = Merchant(Path(folder) / "till", network)
            merchant.switched_on()
            with patch.object(state_file, "_write_through", merchant.disk.write), patch.object(os, "replace", merchant.disk.replace):
                for step in steps:
                    await merchant.do(*step)
            kept = await merchant.close_the_day()
    _no_number_twice(bank, kept)
    _nothing_lost(bank, merchant, kept)


def _no_number_twice(bank: Bank, kept: list[Voucher]) -> None:
    """A STAN that comes again comes with the same message, or with its reversal."""
    first: dict[str, str] = {}
    for request in bank.seen:
        if isinstance(request, ReversalRequest):
            continue
        content = f"{type(request).__name__} {getattr(request, 'kind', '')} {getattr(request, 'amount', '')} {request.batch}"
        assert first.setdefault(request.stan, content) == content, "a number came twice"
    asked = Counter(request.key for request in bank.seen if isinstance(request, AuthorisationRequest | FollowUpRequest))
    advices = {request.key for request in bank.seen if isinstance(request, AuthorisationRequest) and request.kind.value == "36"}
    assert all(times == 1 or key in advices for key, times in asked.items()), "only an advice is sent again"
    assert max(Counter(one.invoice for one in kept).values(), default=1) == 1


def _nothing_lost(bank: Bank, merchant: Merchant, kept: list[Voucher]) -> None:
    on_record = {one.stan: one for one in kept}
    for result in merchant.approved + merchant.stored_offline:
        assert on_record[result.stan].invoice == result.invoice, "what was called paid is on record"
    assert {key.stan for key in bank.advised} == {one.stan for one in kept if one.kind is VoucherKind.OFFLINE_SALE}
    assert {key.stan for key in bank.held} == {one.stan for one in kept if one.is_claimed}, "who has paid has a voucher, and no one else"
    assert {key.stan for key in bank.returned} == {one.stan for one in kept if one.kind is VoucherKind.REFUND}
    assert {key.stan for key in bank.held} <= {key.stan for key in bank.uploaded}


def test_a_kill_at_each_single_write_of_a_new_till_keeps_nobody_from_beginning_it(tmp_path: Path) -> None:
    for kill_at in range(1, 12):
        folder, disk = tmp_path / f"till{kill_at}", Disk(kill_at)
        with patch.object(state_file, "_write_through", disk.write), patch.object(os, "replace", disk.replace), suppress(Killed):
            Till(folder, "127.0.0.1", 9, TERMINAL, MERCHANT, KEY, start_batch=1).close()
        if (folder / "state.json").exists():
            Till(folder, "127.0.0.1", 9, TERMINAL, MERCHANT, KEY).close()
        else:
            Till(folder, "127.0.0.1", 9, TERMINAL, MERCHANT, KEY, start_batch=2).close()


def test_a_kill_at_each_single_write_of_an_offline_sale_loses_it_only_before_it_was_stored(tmp_path: Path) -> None:
    """From the first to the last step: once the call has returned, or the state is in its place, the approval is there."""

    async def one(kill_at: int) -> tuple[bool, int]:
        async with hosted(Bank()) as network:
            merchant = Merchant(tmp_path / f"till{kill_at}", network)
            merchant.switched_on()
            with patch.object(state_file, "_write_through", merchant.disk.write), patch.object(os, "replace", merchant.disk.replace):
                await merchant.do("offline", kill_at, 0)
            waiting = merchant.switched_on().waiting_advices
            with suppress(IndexError):
                assert waiting >= len(merchant.stored_offline)
            merchant.switched_off()
            return bool(merchant.stored_offline), waiting

    found = [asyncio.run(one(kill_at)) for kill_at in range(1, 8)]
    assert found == [(False, 0)] * 5 + [(False, 1), (True, 1)]

"""A merchant's till: device software that stands outside the platform and speaks to it by ISO 8583 over TCP alone.

It keeps the terminal's oldest rule: what was sent and not answered is reversed before anything else is done, over any restart. The record
of a sale is durable before its first byte leaves; an approved one enters the batch in the same write that takes the record away. The
terminal kernel hands the card's values over as plain values; time-outs are by the machine's clock, times on paper are handed in or the
host's.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from pathlib import Path

from tapwealth.acquiring.line import Line, NoAnswer, NoLine, open_line
from tapwealth.acquiring.receipt import BatchReport, Printed, Receipt
from tapwealth.acquiring.till_state import CardVault, StateFile, StoredSale, following
from tapwealth.kernel.clock import SHANGHAI
from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso8583.fields import Message, pack
from tapwealth.wire.iso8583.mac import checked_key
from tapwealth.wire.iso8583.requests import APPROVED, OriginalReference, Reconciliation, Totals
from tapwealth.wire.iso8583.terminal_side import (
    Answer,
    Payment,
    Place,
    WrongMac,
    read_answer,
    reversal_message,
    sale_message,
    settlement_message,
    upload_message,
)

DEFAULT_TIMEOUT_MS = 60_000
MAX_BATCH = 999
"""Field 48 counts to three digits."""
NO_ANSWER, TERMINAL_FAILED, MAC_FAILED = "98", "06", "A0"
"""Field 39 of a reversal: why."""
REVERSED_CODES = frozenset({APPROVED, "12", "25"})
"""Answers after which nothing is left to reverse: done, no such transaction, no original (Q/CUP 009, reversal)."""
COME_AGAIN = "96"


class SaleOutcome(Enum):
    """How a sale ended for the merchant: only APPROVED gives goods."""

    APPROVED = auto()
    DECLINED = auto()
    REVERSED = auto()
    REVERSAL_PENDING = auto()
    NOT_SENT = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleResult:
    """`receipt` is None if nothing was sent; `note` says in one line why it did not go well. `icc_data` is for the card."""

    outcome: SaleOutcome
    batch: str = ""
    stan: str = ""
    response_code: str = ""
    authorisation_code: str = ""
    rrn: str = ""
    icc_data: bytes = b""
    receipt: Receipt | None = None
    note: str = ""


class SettleOutcome(Enum):
    """EQUAL and DIFFERENT close the batch; after UNFINISHED the same call goes on where it stopped."""

    EQUAL = auto()
    DIFFERENT = auto()
    UNFINISHED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleResult:
    """`totals` is the till's own count in fen; `host_totals` what the host answered."""

    outcome: SettleOutcome
    batch: str
    totals: Totals
    host_totals: Totals | None = None
    report: BatchReport | None = None
    note: str = ""


class Till:
    """One terminal. Its calls wait for each other; close it before another one takes the same file."""

    def __init__(
        self,
        state_path: Path,
        host: str,
        port: int,
        terminal_id: str,
        merchant_id: str,
        mac_key: bytes,
        *,
        merchant_name: str = "",
        timeout_ms: int = DEFAULT_TIMEOUT_MS,
    ) -> None:
        """`terminal_id` has 8 characters, `merchant_id` 15. Raises BadInput if the file is another till's or in use."""
        for what, text, length in (("terminal", terminal_id, 8), ("merchant", merchant_id, 15)):
            if len(text) != length:
                raise BadInput(f"{text!r} has {len(text)} characters", where=what, hint=f"it has {length}")
        self._address, self._timeout_ms = (host, port), timeout_ms
        self._mac_key, self._vault = checked_key(mac_key), CardVault(mac_key, terminal_id)
        self._merchant_name = merchant_name
        self._file = StateFile(state_path)
        self._state = self._file.load(merchant_id, terminal_id)
        self._turn = asyncio.Lock()

    def close(self) -> None:
        """Let go of the file; nothing is sent any more."""
        self._file.close()

    @property
    def has_pending(self) -> bool:
        """Whether a sale without an answer waits for its reversal."""
        return self._state.pending is not None

    @property
    def open_batch(self) -> tuple[str, Totals]:
        """The batch's number and what it holds so far."""
        return self._state.batch_number, self._totals()

    async def sale(
        self,
        *,
        amount: int,
        track2: str,
        psn: str,
        icc_data: bytes,
        at: datetime,
        entry_mode: str = "07",
        aid: str = "",
    ) -> SaleResult:
        """Ask for `amount` fen from the card. `track2` is written with a D; `at` is the terminal's time, for the receipt.

        Raises BadInput, before anything is stored or sent, if the values make no message.
        """
        payment = Payment(track2=Pan(track2), psn=psn, amount=amount, entry_mode=entry_mode)
        pack(sale_message(self._place("000000"), payment, icc_data), self._mac_key)
        async with self._turn:
            if (hindrance := self._hindrance()) or not await self._undo_pending():
                return SaleResult(outcome=SaleOutcome.NOT_SENT, note=hindrance or "an earlier sale waits for its reversal")
            return await self._sell(payment, icc_data, at, aid)

    async def reverse_pending(self) -> bool:
        """Send the reversal that is due, if one is; True if none is due any more. Call it again until then."""
        async with self._turn:
            return await self._undo_pending()

    async def settle(self, at: datetime) -> SettleResult:
        """Upload every approved sale of the batch, then its totals; answered, the next batch begins. Goes on where an earlier call left."""
        async with self._turn:
            if not await self._undo_pending():
                return self._unfinished("an earlier sale waits for its reversal")
            try:
                async with open_line(*self._address, self._timeout_ms) as line:
                    await self._upload(line)
                    return await self._close_batch(line, at)
            except (NoLine, NoAnswer, BadInput) as fault:
                return self._unfinished(str(fault))

    # ---- a sale

    def _hindrance(self) -> str:
        if self._state.settlement_stan:
            return "the batch is being settled: settle first"
        return f"the batch holds {MAX_BATCH} sales: settle first" if len(self._state.captured) >= MAX_BATCH else ""

    async def _sell(self, payment: Payment, icc_data: bytes, at: datetime, aid: str) -> SaleResult:
        """A line first: without one nothing is sent, and nothing has to be undone."""
        try:
            async with open_line(*self._address, self._timeout_ms) as line:
                sale = self._record(payment, at, aid)
                answer = await self._heard(line, sale_message(self._place(sale.stan), payment, icc_data))
        except NoLine as no_line:
            return SaleResult(outcome=SaleOutcome.NOT_SENT, note=str(no_line))
        return self._told(sale, answer) if isinstance(answer, Answer) else await self._give_up(sale, answer)

    async def _heard(self, line: Line, message: Message) -> Answer | NoAnswer | BadInput:
        """The answer, or why there is none to believe."""
        try:
            return await self._ask(line, message)
        except (NoAnswer, BadInput) as fault:
            return fault

    def _record(self, payment: Payment, at: datetime, aid: str) -> StoredSale:
        """Take a STAN and make the sale durable as one that was sent."""
        sale = StoredSale(
            stan=self._state.take_stan(),
            card=self._vault.seal(f"{payment.track2.reveal()}/{payment.psn}"),
            masked_pan=str(payment.pan),
            amount=payment.amount,
            entry_mode=payment.entry_mode,
            at=at.astimezone(SHANGHAI).isoformat(timespec="seconds"),
            aid=aid,
        )
        self._state.pending = sale
        self._file.save(self._state)
        return sale

    def _told(self, sale: StoredSale, answer: Answer) -> SaleResult:
        """Approved: into the batch. Declined: forgotten. Either is one write."""
        approved = answer.response_code == APPROVED
        sale.authorisation_code, sale.rrn = answer.authorisation_code, answer.rrn
        sale.at = _stamped(sale.at, answer)
        self._state.pending = None
        if approved:
            self._state.captured.append(sale)
        self._file.save(self._state)
        printed = Printed.APPROVED if approved else Printed.DECLINED
        return SaleResult(
            outcome=SaleOutcome.APPROVED if approved else SaleOutcome.DECLINED,
            batch=self._state.batch_number,
            stan=sale.stan,
            response_code=answer.response_code,
            authorisation_code=answer.authorisation_code,
            rrn=answer.rrn,
            icc_data=answer.icc_data,
            receipt=self._receipt(sale, printed, answer.response_code),
        )

    async def _give_up(self, sale: StoredSale, fault: NoAnswer | BadInput) -> SaleResult:
        """No answer to believe: reverse at once, and once; what then is still due is due until answered."""
        sale.reason = MAC_FAILED if isinstance(fault, WrongMac) else NO_ANSWER
        self._file.save(self._state)
        undone = await self._undo_pending()
        return SaleResult(
            outcome=SaleOutcome.REVERSED if undone else SaleOutcome.REVERSAL_PENDING,
            batch=self._state.batch_number,
            stan=sale.stan,
            receipt=self._receipt(sale, Printed.REVERSED if undone else Printed.UNKNOWN, ""),
            note=str(fault),
        )

    async def _undo_pending(self) -> bool:
        sale = self._state.pending
        if sale is None:
            return True
        reversal = reversal_message(self._place(sale.stan), self._payment(sale), sale.reason or TERMINAL_FAILED, _month_and_day(sale.at))
        try:
            async with open_line(*self._address, self._timeout_ms) as line:
                answer = await self._ask(line, reversal)
        except (NoLine, NoAnswer, BadInput):
            return False
        if answer.response_code not in REVERSED_CODES:
            return False
        self._state.pending = None
        self._file.save(self._state)
        return True

    # ---- a batch

    async def _upload(self, line: Line) -> None:
        """0320 for every sale that has no final answer yet. A STAN is stored before it is used, so that a repetition is recognised."""
        for sale in self._state.captured:
            if sale.upload_code:
                continue
            if not sale.upload_stan:
                sale.upload_stan = self._state.take_stan()
                self._file.save(self._state)
            original = OriginalReference(self._state.batch_number, sale.stan, _month_and_day(sale.at))
            message = upload_message(self._place(sale.upload_stan), self._payment(sale), original, sale.rrn, sale.authorisation_code)
            answer = await self._ask(line, message)
            if answer.response_code == COME_AGAIN:
                raise NoAnswer("the host asks to come again later")
            sale.upload_code = answer.response_code
            self._file.save(self._state)

    async def _close_batch(self, line: Line, at: datetime) -> SettleResult:
        if not self._state.settlement_stan:
            self._state.settlement_stan = self._state.take_stan()
            self._file.save(self._state)
        answer = await self._ask(line, settlement_message(self._place(self._state.settlement_stan), self._totals()))
        if answer.response_code != APPROVED or answer.reconciliation not in (Reconciliation.EQUAL, Reconciliation.DIFFERENT):
            return self._unfinished(f"the host answered {answer.response_code}")
        result = self._settled(answer, at)
        self._state.batch = following(self._state.batch)
        self._state.captured, self._state.settlement_stan = [], ""
        self._file.save(self._state)
        return result

    def _settled(self, answer: Answer, at: datetime) -> SettleResult:
        equal = answer.reconciliation is Reconciliation.EQUAL
        report = BatchReport(
            merchant_name=self._merchant_name,
            merchant_id=self._state.merchant_id,
            terminal_id=self._state.terminal_id,
            batch=self._state.batch_number,
            count=len(self._state.captured),
            amount=self._totals().debit_amount,
            equal=equal,
            at=at.astimezone(SHANGHAI),
            refused=tuple(sale.stan for sale in self._state.captured if sale.upload_code != APPROVED),
        )
        outcome = SettleOutcome.EQUAL if equal else SettleOutcome.DIFFERENT
        return SettleResult(outcome=outcome, batch=report.batch, totals=self._totals(), host_totals=answer.totals, report=report)

    def _unfinished(self, note: str) -> SettleResult:
        return SettleResult(outcome=SettleOutcome.UNFINISHED, batch=self._state.batch_number, totals=self._totals(), note=note)

    # ---- parts

    def _totals(self) -> Totals:
        sales = self._state.captured
        return Totals(debit_amount=sum(sale.amount for sale in sales), debit_count=len(sales))

    def _place(self, stan: str) -> Place:
        return Place(self._state.merchant_id, self._state.terminal_id, self._state.batch_number, stan)

    def _payment(self, sale: StoredSale) -> Payment:
        track2, psn = self._vault.open(sale.card).split("/")
        return Payment(track2=Pan(track2), psn=psn, amount=sale.amount, entry_mode=sale.entry_mode)

    async def _ask(self, line: Line, message: Message) -> Answer:
        return read_answer(await line.ask(pack(message, self._mac_key)), message, self._mac_key)

    def _receipt(self, sale: StoredSale, printed: Printed, response_code: str) -> Receipt:
        return Receipt(
            printed=printed,
            merchant_name=self._merchant_name,
            merchant_id=self._state.merchant_id,
            terminal_id=self._state.terminal_id,
            masked_pan=sale.masked_pan,
            batch=self._state.batch_number,
            stan=sale.stan,
            amount=sale.amount,
            at=datetime.fromisoformat(sale.at),
            authorisation_code=sale.authorisation_code,
            rrn=sale.rrn,
            response_code=response_code,
            aid=sale.aid,
        )


def _stamped(at: str, answer: Answer) -> str:
    """The host's time on the receipt, if it gave a possible one; the year is the terminal's."""
    try:
        told = datetime.strptime(f"{at[:4]}{answer.local_date}{answer.local_time}+0800", "%Y%m%d%H%M%S%z")
    except ValueError:
        return at
    return told.isoformat(timespec="seconds")


def _month_and_day(at: str) -> str:
    """MMDD of a stored time, for field 61."""
    return at[5:7] + at[8:10]

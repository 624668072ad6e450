"""A merchant's till: device software that stands outside the platform and speaks to it by ISO 8583 over TCP alone.

It keeps the terminal's oldest rules, over any restart. What was sent and not answered is reversed before anything else is done. What a card
has approved by itself is durable before the till calls it paid, and forwarded before the next request, until it is answered. The record of
a request is durable before its first byte leaves; an approved one enters the batch in the same write that takes the record away. The kernel
of the terminal hands the card's values over as plain values; time-outs are by the machine's clock, times on paper are handed in or the
host's.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from tapwealth.acquiring.day_report import BatchStands, DayReport
from tapwealth.acquiring.drawer import Drawer, original_of, stamped
from tapwealth.acquiring.line import Line, NoAnswer, NoLine, open_line
from tapwealth.acquiring.paper import Language, reason_of
from tapwealth.acquiring.receipt import Printed, Receipt
from tapwealth.acquiring.till_result import SettleOutcome, SettleResult, SignOnOutcome, SignOnResult, VoucherOutcome, VoucherResult
from tapwealth.acquiring.till_state import CardData, Voucher, VoucherKind
from tapwealth.acquiring.undoable import no_refund, no_void, other_card
from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import BadInput, Outage, Refusal
from tapwealth.wire.iso8583.fields import Message, pack
from tapwealth.wire.iso8583.requests import APPROVED, Management, Reconciliation, Totals, TransactionKind
from tapwealth.wire.iso8583.terminal_side import (
    Answer,
    Payment,
    WrongMac,
    follow_up_message,
    management_message,
    offline_advice_message,
    read_answer,
    read_management_answer,
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
UNDONE_CODES = frozenset({APPROVED, "25"})
"""Answers to a reversal after which nothing is left of what it reverses: done, or no such original (Q/CUP 009, reversal)."""
COME_AGAIN, NUMBERS_USED = "96", "94"
_REVERSED_AS = {
    VoucherKind.SALE: TransactionKind.SALE,
    VoucherKind.VOID: TransactionKind.VOID,
    VoucherKind.REFUND: TransactionKind.REFUND,
}
_WHAT_TO_DO = {
    "97": "the host does not know this terminal at this merchant: ask the acquirer",
    "A0": "the host does not take this terminal's key: sign on, or have the terminal's key loaded anew",
    "58": "the host does not permit it to this terminal: ask the acquirer",
}
"""What a code that came without a good MAC lets one try."""


Fault = NoAnswer | BadInput
Write = Callable[[Voucher, Payment], Message]


class Till:
    """One terminal. Its calls wait for each other; close it before another one takes the same folder."""

    def __init__(
        self,
        folder: Path,
        host: str,
        port: int,
        terminal_id: str,
        merchant_id: str,
        mac_key: bytes,
        *,
        master_key: bytes = b"",
        merchant_name: str = "",
        timeout_ms: int = DEFAULT_TIMEOUT_MS,
        start_batch: int | None = None,
    ) -> None:
        """`terminal_id` has 8 characters, `merchant_id` 15; `mac_key` is empty if the till is to sign on first; `start_batch` begins anew.

        Raises BadInput if the folder's state is not in order, another till's or in use.
        """
        self._address, self._timeout_ms = (host, port), timeout_ms
        self._master_key = master_key
        self._drawer = Drawer(folder, terminal_id, merchant_id, mac_key, merchant_name, start_batch)
        self._state = self._drawer.state
        self._turn = asyncio.Lock()

    def close(self) -> None:
        """Let go of the folder; nothing is sent any more."""
        self._drawer.file.close()

    @property
    def has_pending(self) -> bool:
        """Whether something without an answer waits for its reversal."""
        return self._state.pending is not None

    @property
    def waiting_advices(self) -> int:
        """How many sales that cards approved wait for the host's answer."""
        return sum(one.awaits_advice for one in self._state.vouchers)

    @property
    def open_batch(self) -> tuple[str, Totals]:
        """The batch's number and what it holds so far."""
        return self._state.batch, self._drawer.totals()

    @property
    def hindrance(self) -> str:
        """Why no sale can be begun now; empty if one can. Ask before a card is asked."""
        if not self._drawer.mac_key:
            return "the till has no key yet: sign on"
        if self._state.is_being_settled:
            return "the batch is being settled: settle first"
        return f"the batch holds {MAX_BATCH} vouchers: settle first" if len(self._state.vouchers) >= MAX_BATCH else ""

    def take_tap(self) -> int:
        """The running number for the next card (9F41)."""
        number = self._state.take_tap()
        self._drawer.save()
        return number

    def report(self, at: datetime, batch: str = "") -> DayReport:
        """Of the open batch, or of a closed one by its number. Raises BadInput."""
        return self._drawer.report(batch, at)

    # ---- what the merchant does

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
        to_sign: bool = False,
    ) -> VoucherResult:
        """Ask for `amount` fen from the card. `track2` is written with a D; `at` is the terminal's time, for the receipt.

        Raises BadInput, before anything is stored or sent, if the values make no message.
        """
        card = CardData(track2, psn)
        payment = Payment(track2=Pan(track2), psn=psn, amount=amount, entry_mode=entry_mode)
        pack(sale_message(self._drawer.place("000000"), payment, icc_data), None)

        def begun() -> Voucher:
            voucher = self._drawer.voucher(VoucherKind.SALE, card, amount, entry_mode, at)
            voucher.aid = aid
            return voucher

        async with self._turn:
            return await self._ask_for(begun, lambda one, _: sale_message(self._drawer.place_of(one), payment, icc_data), to_sign=to_sign)

    async def offline_sale(
        self,
        *,
        amount: int,
        track2: str,
        psn: str,
        icc_data: bytes,
        at: datetime,
        entry_mode: str = "07",
        aid: str = "",
        authorisation_code: str = "",
        left_on_card: int | None = None,
        to_sign: bool = False,
        believed: bool = True,
    ) -> VoucherResult:
        """The card has paid by itself: `icc_data` holds its TC. Durable when this returns, and an advice until the host has answered.

        `believed`: the terminal has proved the card, and the sale is good at once. Without that it is as the issuer answers. Nothing that
        the till has to do first keeps it from storing this: the money has left the card. Raises BadInput if the values make no message.
        """
        payment = Payment(track2=Pan(track2), psn=psn, amount=amount, entry_mode=entry_mode)
        pack(offline_advice_message(self._drawer.place("000000"), payment, icc_data), None)
        async with self._turn:
            batch = f"{self._state.following_batch:06d}" if self._state.is_being_settled else ""
            voucher = self._drawer.voucher(VoucherKind.OFFLINE_SALE, CardData(track2, psn), amount, entry_mode, at, batch=batch)
            voucher.card = self._drawer.vault.seal_card(CardData(track2, psn))
            voucher.chip = self._drawer.vault.seal(icc_data.hex())
            voucher.aid, voucher.authorisation_code = aid, authorisation_code
            self._state.vouchers.append(voucher)
            self._drawer.save()
            note = "" if believed else await self._due()
            outcome, printed = _of_offline(voucher, believed=believed)
            receipt = self._drawer.receipt(voucher, printed, voucher.advice_code, left_on_card=left_on_card, to_sign=to_sign)
            return self._result(outcome, voucher, receipt, voucher.advice_code, note)

    async def void(self, invoice: str, at: datetime, card: Pan | None = None) -> VoucherResult | Refusal:
        """Undo all of a sale of the open batch, named by its invoice number. `card`, if it is at hand, must be the sale's."""
        async with self._turn:
            sale = next((one for one in self._state.vouchers if one.invoice == invoice), None)
            refusal = no_void(invoice, sale, is_settled=sale is None and self._settled_sale(invoice)[0] is not None)
            if refusal is not None:
                return refusal
            assert sale is not None, "what can be voided is there"
            if self._is_of_another(sale, card):
                return other_card(invoice)
            return await self._follow(sale, VoucherKind.VOID, TransactionKind.VOID, sale.amount, at)

    async def refund(self, invoice: str, amount: int | None, at: datetime, card: Pan | None = None) -> VoucherResult | Refusal:
        """Give `amount` fen of a settled sale back, or all that is left of it. `card`, if it is at hand, must be the sale's."""
        async with self._turn:
            sale, returned = self._settled_sale(invoice)
            is_open = any(one.invoice == invoice for one in self._state.vouchers)
            refusal = no_refund(invoice, sale, returned, amount, is_open=is_open)
            if refusal is not None:
                return refusal
            assert sale is not None, "what can be refunded is there"
            if self._is_of_another(sale, card):
                return other_card(invoice)
            amount = sale.amount - returned if amount is None else amount
            return await self._follow(sale, VoucherKind.REFUND, TransactionKind.REFUND, amount, at)

    async def catch_up(self) -> str:
        """Do what is due: the reversal, then the advices. Empty when nothing is due any more, else one line that says why not."""
        async with self._turn:
            return await self._due()

    async def reverse_pending(self) -> bool:
        """Send the reversal that is due, if one is; True if none is due any more. Call it again until then."""
        async with self._turn:
            return not await self._undo()

    async def sign_on(self) -> SignOnResult:
        """A new working key under the master key, or without one a test of the line; then what is due."""
        async with self._turn:
            outcome, note = await self._greet()
            return SignOnResult(outcome, note, "" if outcome is SignOnOutcome.NO_ANSWER else await self._due())

    async def settle(self, at: datetime) -> SettleResult:
        """Upload every claimed voucher of the batch, then its totals; answered, the next batch begins.

        It goes on where an earlier call left it.
        """
        async with self._turn:
            due = await self._due() if self._drawer.mac_key else self.hindrance
            if due:
                return self._unfinished(due)
            try:
                async with open_line(*self._address, self._timeout_ms) as line:
                    await self._upload(line)
                    return await self._close_batch(line, at)
            except (NoLine, NoAnswer, BadInput) as fault:
                return self._unfinished(_told(fault))

    # ---- asking

    async def _ask_for(self, begun: Callable[[], Voucher], write: Write, *, to_sign: bool = False) -> VoucherResult:
        """What is due first. Then a line: without one nothing is sent, no number used, and nothing has to be undone."""
        waits = self.hindrance or await self._due(before_request=True)
        if waits:
            return VoucherResult(outcome=VoucherOutcome.NOT_SENT, note=waits)
        try:
            async with open_line(*self._address, self._timeout_ms) as line:
                voucher = begun()
                self._state.pending = voucher
                self._drawer.save()
                answer = await self._heard(line, write(voucher, self._drawer.payment(voucher)))
        except NoLine as no_line:
            return VoucherResult(outcome=VoucherOutcome.NOT_SENT, note=str(no_line))
        return self._taken(voucher, answer, to_sign=to_sign) if isinstance(answer, Answer) else await self._give_up(voucher, answer)

    async def _follow(self, sale: Voucher, kind: VoucherKind, asked: TransactionKind, amount: int, at: datetime) -> VoucherResult:
        def begun() -> Voucher:
            voucher = self._drawer.voucher(kind, self._drawer.vault.open_card(sale.card), amount, sale.entry_mode, at)
            voucher.original, voucher.aid = sale.as_original, sale.aid
            return voucher

        def write(one: Voucher, payment: Payment) -> Message:
            return follow_up_message(self._drawer.place_of(one), payment, asked, original_of(sale), sale.rrn)

        return await self._ask_for(begun, write)

    async def _heard(self, line: Line, message: Message) -> Answer | Fault:
        """The answer, or why there is none to believe."""
        try:
            return await self._ask(line, message)
        except (NoAnswer, BadInput) as fault:
            return fault

    async def _ask(self, line: Line, message: Message) -> Answer:
        key = self._drawer.mac_key
        return read_answer(await line.ask(pack(message, key)), message, key)

    def _taken(self, voucher: Voucher, answer: Answer, *, to_sign: bool) -> VoucherResult:
        """Approved: into the batch. Declined: forgotten. Either is one write."""
        approved = answer.response_code == APPROVED
        voucher.authorisation_code, voucher.rrn = answer.authorisation_code, answer.rrn
        voucher.at = stamped(voucher.at, answer)
        self._state.pending = None
        if approved:
            self._state.vouchers.append(voucher)
            for one in self._state.vouchers:
                one.voided = one.voided or (voucher.kind is VoucherKind.VOID and one.as_original == voucher.original)
        self._drawer.save()
        outcome, printed = _ENDED[approved]
        receipt = self._drawer.receipt(voucher, printed, answer.response_code, to_sign=to_sign)
        note = "" if approved else _why_declined(voucher, answer.response_code)
        return self._result(outcome, voucher, receipt, answer.response_code, note, answer.icc_data)

    async def _give_up(self, voucher: Voucher, fault: Fault) -> VoucherResult:
        """No answer to believe: reverse at once, and once; what then is still due is due until answered."""
        voucher.reason = MAC_FAILED if isinstance(fault, WrongMac) else NO_ANSWER
        self._drawer.save()
        waits = await self._undo()
        if waits:
            outcome, printed = VoucherOutcome.REVERSAL_PENDING, Printed.UNKNOWN
        elif voucher.final_code:
            outcome, printed = VoucherOutcome.DISPUTED, Printed.DISPUTED
        else:
            outcome, printed = VoucherOutcome.REVERSED, Printed.REVERSED
        code = voucher.final_code
        return self._result(outcome, voucher, self._drawer.receipt(voucher, printed, code), code, _told(fault))

    def _result(
        self, outcome: VoucherOutcome, one: Voucher, receipt: Receipt, response_code: str, note: str, icc_data: bytes = b""
    ) -> VoucherResult:
        return VoucherResult(
            outcome=outcome,
            batch=one.batch,
            stan=one.stan,
            invoice=one.invoice,
            response_code=response_code,
            authorisation_code=one.authorisation_code,
            rrn=one.rrn,
            icc_data=icc_data,
            receipt=receipt,
            note=note,
        )

    # ---- what is due

    async def _due(self, *, before_request: bool = False) -> str:
        """`before_request`: an advice that the host wants later does not keep the merchant from selling."""
        waits = await self._undo()
        if waits:
            return f"an earlier {_pending_name(self._state.pending)} waits for its reversal: {waits}"
        waits, later = await self._forward()
        return "" if before_request and later else waits

    async def _undo(self) -> str:
        """Reverse what has no answer. Empty when nothing is left of it, or when the host has said for good that it will not be undone."""
        voucher = self._state.pending
        if voucher is None:
            return ""
        reason, date = voucher.reason or TERMINAL_FAILED, original_of(voucher).date
        message = reversal_message(self._drawer.place_of(voucher), self._drawer.payment(voucher), reason, date, _REVERSED_AS[voucher.kind])
        try:
            async with open_line(*self._address, self._timeout_ms) as line:
                answer = await self._heard(line, message)
        except NoLine as no_line:
            return str(no_line)
        if not isinstance(answer, Answer):
            return _told(answer)
        if answer.response_code == COME_AGAIN:
            return "the host asks to come again later (96)"
        self._state.pending = None
        if answer.response_code not in UNDONE_CODES:
            voucher.final_code = answer.response_code
            self._state.disputed.append(voucher)
        self._drawer.save()
        return ""

    async def _forward(self) -> tuple[str, bool]:
        """Send the advices that have no answer, in their order: why some still have none, and whether the host only wants them later."""
        waiting = [one for one in self._state.vouchers if one.awaits_advice]
        if not waiting:
            return "", False
        try:
            async with open_line(*self._address, self._timeout_ms) as line:
                for one in waiting:
                    answer = await self._heard(line, self._advice(one))
                    if not isinstance(answer, Answer):
                        return f"an offline sale waits to be forwarded: {_told(answer)}", False
                    if answer.response_code != COME_AGAIN:
                        self._advised(one, answer)
        except NoLine as no_line:
            return f"an offline sale waits to be forwarded: {no_line}", False
        later = any(one.awaits_advice for one in waiting)
        return ("an offline sale waits to be forwarded: the host asks to come again later (96)" if later else ""), later

    def _advice(self, one: Voucher) -> Message:
        chip = bytes.fromhex(self._drawer.vault.open(one.chip))
        return offline_advice_message(self._drawer.place_of(one), self._drawer.payment(one), chip)

    def _advised(self, one: Voucher, answer: Answer) -> None:
        """It is answered for good: what only the advice carried is forgotten."""
        one.advice_code, one.chip = answer.response_code, ""
        one.rrn, one.authorisation_code = answer.rrn, answer.authorisation_code or one.authorisation_code
        one.card = self._drawer.vault.seal_card(self._drawer.vault.open_card(one.card).to_keep)
        self._drawer.save()

    async def _greet(self) -> tuple[SignOnOutcome, str]:
        """Sign on, or test the line. A key whose check value is wrong is not taken, and the one in use stays."""
        message = management_message(self._drawer.place(self._state.take_stan()), self._management())
        self._drawer.save()
        try:
            async with open_line(*self._address, self._timeout_ms) as line:
                answer = await line.ask(pack(message, None))
            code, keys = read_management_answer(answer, message, self._master_key)
        except (NoLine, NoAnswer) as fault:
            return SignOnOutcome.NO_ANSWER, str(fault)
        except BadInput as fault:
            return SignOnOutcome.REFUSED, str(fault)
        if code != APPROVED:
            return SignOnOutcome.REFUSED, f"the host answers {_words(code)}"
        if keys is None:
            return SignOnOutcome.LINE_GOOD, ""
        self._state.working_key = self._drawer.vault.seal(keys.mac.hex())
        self._drawer.save()
        return SignOnOutcome.NEW_KEY, ""

    def _management(self) -> Management:
        return Management.SIGN_ON if self._master_key else Management.LINE_TEST

    # ---- a batch

    async def _upload(self, line: Line) -> None:
        """0320 for every claimed voucher that has no final answer yet. A STAN is stored before it is used: a repetition is recognised."""
        for one in self._state.of_batch():
            if one.upload_code or not one.is_claimed:
                continue
            if not one.upload_stan:
                one.upload_stan = self._state.take_stan()
                self._drawer.save()
            place = self._drawer.place(one.upload_stan, one.batch)
            message = upload_message(place, self._drawer.payment(one), original_of(one), one.rrn, one.authorisation_code)
            answer = await self._ask(line, message)
            if answer.response_code == COME_AGAIN:
                raise NoAnswer("the host asks to come again later (96)")
            one.upload_code = answer.response_code
            self._drawer.save()

    async def _close_batch(self, line: Line, at: datetime) -> SettleResult:
        if not self._state.settlement_stan:
            self._state.settlement_stan = self._state.take_stan()
            self._drawer.save()
        message = settlement_message(self._drawer.place(self._state.settlement_stan), self._drawer.totals())
        answer = await self._ask(line, message)
        if answer.response_code != APPROVED or answer.reconciliation not in (Reconciliation.EQUAL, Reconciliation.DIFFERENT):
            return self._unfinished(f"the host answers {_words(answer.response_code)}")
        equal = answer.reconciliation is Reconciliation.EQUAL
        own = self._drawer.totals()
        report = self._drawer.close_batch(answer.totals or own, at, equal=equal)
        outcome = SettleOutcome.EQUAL if report.stands is BatchStands.EQUAL else SettleOutcome.DIFFERENT
        return SettleResult(outcome=outcome, batch=report.batch, totals=own, host_totals=answer.totals, report=report)

    def _unfinished(self, note: str) -> SettleResult:
        return SettleResult(outcome=SettleOutcome.UNFINISHED, batch=self._state.batch, totals=self._drawer.totals(), note=note)

    # ---- what may be undone

    def _is_of_another(self, sale: Voucher, card: Pan | None) -> bool:
        return card is not None and self._drawer.payment(sale).pan != card

    def _settled_sale(self, invoice: str) -> tuple[Voucher | None, int]:
        """The voucher with that number in a closed batch, the newest, and how much of it was given back since."""
        later = list(self._state.vouchers)
        for settled in self._drawer.file.all_settled():
            later += settled.vouchers
            found = next((one for one in settled.vouchers if one.invoice == invoice), None)
            if found is not None:
                refunds = [one for one in later if one.kind is VoucherKind.REFUND and one.original == found.as_original]
                return found, sum(one.amount for one in refunds)
        return None, 0


_ENDED = {True: (VoucherOutcome.APPROVED, Printed.APPROVED), False: (VoucherOutcome.DECLINED, Printed.DECLINED)}


def _of_offline(voucher: Voucher, *, believed: bool) -> tuple[VoucherOutcome, Printed]:
    if believed or voucher.advice_code == APPROVED:
        return VoucherOutcome.APPROVED, Printed.APPROVED
    if voucher.awaits_advice:
        return VoucherOutcome.UNDECIDED, Printed.UNDECIDED
    return VoucherOutcome.DECLINED, Printed.DECLINED


def _why_declined(voucher: Voucher, code: str) -> str:
    """In words, with what to do where the till knows it."""
    if code == NUMBERS_USED:
        return "94: the host knows these numbers for another sale, so this till's state is an old copy; sign on with --start-batch"
    if code == "12" and voucher.kind is VoucherKind.REFUND:
        return "12: the sale is not cleared yet; refund it after the day's clearing"
    return f"the host answers {_words(code)}"


def _pending_name(voucher: Voucher | None) -> str:
    return "sale" if voucher is None else voucher.kind.value


def _words(code: str) -> str:
    return reason_of(code, Language.EN) or code


def _told(fault: Outage | BadInput) -> str:
    """Why there is no answer to believe; a code that came without a good MAC is told with what one may try."""
    if isinstance(fault, WrongMac) and fault.told in _WHAT_TO_DO:
        return f"the host says {_words(fault.told)}, without a code that proves it; {_WHAT_TO_DO[fault.told]}"
    return str(fault)

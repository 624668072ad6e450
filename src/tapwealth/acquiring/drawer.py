"""What a till works with besides its line: the state and its files, the keys, and how a voucher becomes a message or a receipt."""

from datetime import datetime
from pathlib import Path

from tapwealth.acquiring.day_report import BatchStands, DayReport
from tapwealth.acquiring.receipt import Printed, Receipt
from tapwealth.acquiring.state_file import SettledBatch, StateFile
from tapwealth.acquiring.till_state import FORMAT, CardData, CardVault, Voucher, VoucherKind, totals_of
from tapwealth.kernel.clock import SHANGHAI
from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso8583.mac import checked_key
from tapwealth.wire.iso8583.requests import OriginalReference, Totals
from tapwealth.wire.iso8583.terminal_side import Answer, Payment, Place


class Drawer:
    """`mac_key` is the maker's, if it gave one; the one in use is that of the last sign-on, if there was one."""

    def __init__(
        self, folder: Path, terminal_id: str, merchant_id: str, mac_key: bytes, merchant_name: str, start_batch: int | None = None
    ) -> None:
        """`start_batch` begins a new state. Raises BadInput if the state is not in order, another till's or in use."""
        for what, text, length in (("terminal", terminal_id, 8), ("merchant", merchant_id, 15)):
            if len(text) != length:
                raise BadInput(f"{text!r} has {len(text)} characters", where=what, hint=f"it has {length}")
        self.merchant_name = merchant_name
        self._makers_key = checked_key(mac_key) if mac_key else b""
        self.file = StateFile(folder)
        try:
            place = merchant_id, terminal_id
            self.state = self.file.load(*place) if start_batch is None else self.file.begin(*place, start_batch)
            self.vault = self._opened_vault(terminal_id)
        except BaseException:
            self.file.close()
            raise

    def _opened_vault(self, terminal_id: str) -> CardVault:
        """A till from before it had a key of its own kept cards under its maker's, and has old ones under it when it is begun anew."""
        keys = [key for key in (self.file.own_key(), self._makers_key) if key]
        if not keys:
            raise BadInput("the till's own key store.key is missing", where=str(self.file.folder), hint="restore it with the state")
        return CardVault(keys[0], terminal_id, *keys[1:])

    @property
    def mac_key(self) -> bytes:
        """Empty before the first sign-on of a till whose maker gave it none. Raises BadInput if the stored key does not open."""
        kept = self.state.working_key
        return bytes.fromhex(self.vault.open(kept)) if kept else self._makers_key

    def save(self) -> None:
        self.file.save(self.state)

    def place(self, stan: str, batch: str = "") -> Place:
        return Place(self.state.merchant_id, self.state.terminal_id, batch or self.state.batch, stan)

    def place_of(self, one: Voucher) -> Place:
        return self.place(one.stan, one.batch)

    # ---- vouchers

    def voucher(self, kind: VoucherKind, card: CardData, amount: int, entry_mode: str, at: datetime, *, batch: str = "") -> Voucher:
        """A new one with numbers of its own, not yet saved. Its card is kept without what only the request carries."""
        return Voucher(
            kind=kind,
            batch=batch or self.state.batch,
            stan=self.state.take_stan(),
            invoice=self.state.take_invoice(),
            card=self.vault.seal_card(card.to_keep),
            masked_pan=str(Pan(card.track2.partition("D")[0])),
            amount=amount,
            entry_mode=entry_mode,
            at=at.astimezone(SHANGHAI).isoformat(timespec="seconds"),
        )

    def payment(self, one: Voucher) -> Payment:
        card = self.vault.open_card(one.card)
        return Payment(track2=Pan(card.track2), psn=card.psn, amount=one.amount, entry_mode=one.entry_mode)

    def receipt(
        self, one: Voucher, printed: Printed, response_code: str = "", *, left_on_card: int | None = None, to_sign: bool = False
    ) -> Receipt:
        return Receipt(
            printed=printed,
            merchant_name=self.merchant_name,
            merchant_id=self.state.merchant_id,
            terminal_id=self.state.terminal_id,
            masked_pan=one.masked_pan,
            batch=one.batch,
            stan=one.stan,
            invoice=one.invoice,
            amount=one.amount,
            at=datetime.fromisoformat(one.at),
            kind=one.kind,
            original="" if one.original is None else one.original.invoice,
            authorisation_code=one.authorisation_code,
            rrn=one.rrn,
            response_code=response_code,
            aid=one.aid,
            left_on_card=left_on_card,
            to_sign=to_sign,
        )

    # ---- batches

    def totals(self) -> Totals:
        """Of the open batch."""
        return totals_of(self.state.of_batch())

    def close_batch(self, host_totals: Totals, at: datetime, *, equal: bool) -> DayReport:
        """Archive the batch, then begin the next: a kill in between does both again."""
        vouchers = self.state.of_batch()
        for one in vouchers:
            one.card = self.vault.seal_card(self.vault.open_card(one.card).to_keep)
        counted = (host_totals.debit_amount, host_totals.debit_count, host_totals.credit_amount, host_totals.credit_count)
        at = at.astimezone(SHANGHAI)
        settled = SettledBatch(
            FORMAT, self.state.batch, at.isoformat(timespec="seconds"), equal, counted, vouchers, list(self.state.disputed)
        )
        self.file.archive(settled)
        self.state.vouchers = [one for one in self.state.vouchers if one.batch != settled.batch]
        self.state.disputed, self.state.settlement_stan = [], ""
        self.state.numbers.batch = self.state.following_batch
        self.save()
        return self._report_of(settled)

    def report(self, batch: str, at: datetime) -> DayReport:
        """Of the open batch, or of one that is closed and kept. Raises BadInput."""
        if batch in ("", self.state.batch):
            stands = BatchStands.BEING_SETTLED if self.state.is_being_settled else BatchStands.OPEN
            return self._report(self.state.batch, stands, at, self.state.of_batch(), None, self.state.pending, self.state.disputed)
        settled = self.file.settled(batch)
        if settled is None:
            raise BadInput(f"there is no batch {batch} here", where="--batch", hint=f"the open one is {self.state.batch}")
        return self._report_of(settled)

    def _report_of(self, settled: SettledBatch) -> DayReport:
        debit, debits, credit, credits_ = settled.host_totals
        host = Totals(debit_amount=debit, debit_count=debits, credit_amount=credit, credit_count=credits_)
        stands = BatchStands.EQUAL if settled.equal else BatchStands.DIFFERENT
        at = datetime.fromisoformat(settled.settled_at)
        return self._report(settled.batch, stands, at, settled.vouchers, host, None, settled.disputed)

    def _report(
        self,
        batch: str,
        stands: BatchStands,
        at: datetime,
        vouchers: list[Voucher],
        host: Totals | None,
        pending: Voucher | None,
        disputed: list[Voucher],
    ) -> DayReport:
        return DayReport(
            merchant_name=self.merchant_name,
            merchant_id=self.state.merchant_id,
            terminal_id=self.state.terminal_id,
            batch=batch,
            stands=stands,
            at=at,
            vouchers=tuple(vouchers),
            host_totals=host,
            pending=pending,
            disputed=tuple(disputed),
        )


def original_of(one: Voucher) -> OriginalReference:
    """Field 61 of what is about this voucher."""
    named = one.as_original
    return OriginalReference(named.batch, named.stan, named.date)


def stamped(at: str, answer: Answer) -> str:
    """The host's time on the receipt, if it gave a possible one; the year is the terminal's."""
    try:
        told = datetime.strptime(f"{at[:4]}{answer.local_date}{answer.local_time}+0800", "%Y%m%d%H%M%S%z")
    except ValueError:
        return at
    return told.isoformat(timespec="seconds")

"""What the commands of `tapwealth terminal` do: each opens the till's folder, does one thing, and says how it ended and what comes next."""

import asyncio
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tapwealth.acquiring.day_report import DayReport
from tapwealth.acquiring.readers.reader import read_reader_name
from tapwealth.acquiring.receipt_picture import find_font, picture
from tapwealth.acquiring.till import Till
from tapwealth.acquiring.till_result import SettleOutcome, SignOnOutcome, VoucherOutcome, VoucherResult
from tapwealth.cli.options import DONE, OUTAGE, REFUSED
from tapwealth.cli.phone_commands import open_reader
from tapwealth.counter.checkout import Waiting, card_at, conclude, payment, wait_for_card, why_not_now
from tapwealth.counter.till_folder import SETTINGS, TillSettings, read_till
from tapwealth.kernel.masked import Pan
from tapwealth.kernel.money import checked, read_minor
from tapwealth.kernel.refusal import BadInput, Refusal

_MS = 1_000


@dataclass(frozen=True, slots=True)
class Paper:
    """Where the picture of the paper goes, and its font; refused before anything is done if it cannot be drawn or written."""

    png: Path | None
    font: Path | None

    def checked(self) -> "Paper":
        """Raises BadInput."""
        if self.png is None:
            return self
        if not self.png.absolute().parent.is_dir() or self.png.is_dir():
            raise BadInput("the picture cannot be written there", where=f"--png {self.png}", hint="name a file in a folder of yours")
        font = find_font(self.font)
        picture("", font)
        return Paper(self.png, font)

    def write(self, text: str) -> None:
        if self.png is not None and self.font is not None:
            self.png.write_bytes(picture(text, self.font))


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended: exit code, the paper as text, one line for the cashier, and the same as data."""

    code: int
    paper: str = ""
    note: str = ""
    data: dict[str, Any] = field(default_factory=dict)


def find_till(named: Path | None, data: Path) -> Path:
    """The folder: as named, else the first till of a played week. Raises BadInput."""
    if named is not None:
        return named
    found = sorted(path.parent for path in (data / "devices").glob(f"*/{SETTINGS}"))
    if not found:
        raise BadInput("there is no till here", where=str(data), hint="play a week ('tapwealth demo'), or name a till's folder with --till")
    return found[0]


# ---- the commands


def sign_on(folder: Path, start_batch: int | None) -> Done:
    """A new working key, or a test of the line; then what is due."""
    settings = read_till(folder)
    with closing(settings.till(start_batch=start_batch)) as till:
        result = asyncio.run(till.sign_on())
        batch = till.open_batch[0]
    data = {"outcome": result.outcome.name.lower(), "batch": batch, "note": result.note, "due": result.due}
    if result.outcome is SignOnOutcome.NO_ANSWER:
        return Done(OUTAGE, note=f"not signed on: {result.note}; the key in use stays, sign on again later", data=data)
    if result.outcome is SignOnOutcome.REFUSED:
        return Done(REFUSED, note=f"not signed on: {result.note}; the key in use stays", data=data)
    said = "signed on, a new key is in use" if result.outcome is SignOnOutcome.NEW_KEY else "the host answers; this till has no master key"
    paper = f"{said}; batch {batch} is open\n"
    return Done(OUTAGE, paper, f"{result.due}; sign on or settle again", data) if result.due else Done(DONE, paper, data=data)


def pay(folder: Path, amount_text: str, reader_text: str, wait: int, paper: Paper) -> Done:
    """A sale, online or approved by the card. The card is waited for outside of any loop, so that Ctrl-C ends the waiting."""
    settings, paper = read_till(folder), paper.checked()
    amount = checked(read_minor(amount_text, where="--amount"), where="--amount")
    reader = open_reader(read_reader_name(reader_text))

    def asked(till: Till) -> VoucherResult | Refusal:
        tap = payment(amount, settings.now, till.take_tap())
        waits = asyncio.run(why_not_now(till, settings.kernel, amount))
        if waits:
            return VoucherResult(outcome=VoucherOutcome.NOT_SENT, note=waits)
        outcome = wait_for_card(settings.kernel, tap, reader, _waiting(wait))
        return asyncio.run(conclude(till, outcome, amount, settings.now))

    return _voucher(settings, paper, asked)


def void(folder: Path, invoice: str, reader_text: str | None, wait: int, paper: Paper) -> Done:
    """Undo a sale of the open batch."""
    settings, paper, number = read_till(folder), paper.checked(), _number(invoice)

    def asked(till: Till) -> VoucherResult | Refusal:
        card = _card(till, settings, reader_text, wait)
        return asyncio.run(till.void(number, settings.now, card))

    return _voucher(settings, paper, asked)


def refund(folder: Path, invoice: str, amount_text: str | None, reader_text: str | None, wait: int, paper: Paper) -> Done:
    """Give back a settled sale, or a part of it."""
    settings, paper, number = read_till(folder), paper.checked(), _number(invoice)
    amount = None if amount_text is None else checked(read_minor(amount_text, where="--amount"), where="--amount")

    def asked(till: Till) -> VoucherResult | Refusal:
        card = _card(till, settings, reader_text, wait)
        return asyncio.run(till.refund(number, amount, settings.now, card))

    return _voucher(settings, paper, asked)


def settle(folder: Path, paper: Paper) -> Done:
    """Close the batch."""
    settings, paper = read_till(folder), paper.checked()

    with closing(settings.till()) as till:
        result = asyncio.run(till.settle(settings.now))
    if result.report is None:
        note = f"the batch is not settled: {result.note}; nothing is lost, settle again"
        return Done(OUTAGE, note=note, data={"outcome": "unfinished", "batch": result.batch, "note": result.note})
    told = _report(settings, result.report, paper)
    data = {"outcome": result.outcome.name.lower(), **told.data}
    if result.outcome is SettleOutcome.EQUAL:
        return Done(DONE, told.paper, data=data)
    return Done(REFUSED, told.paper, f"the host counts otherwise; batch {result.batch} is closed, show this slip to the acquirer", data)


def report(folder: Path, batch: str, paper: Paper) -> Done:
    """What is in a batch."""
    settings, paper = read_till(folder), paper.checked()
    with closing(settings.till()) as till:
        return _report(settings, till.report(settings.now, _number(batch) if batch else ""), paper)


# ---- parts


def _voucher(settings: TillSettings, paper: Paper, asked: Callable[[Till], VoucherResult | Refusal]) -> Done:
    """Ask, and say how it ended; whoever is interrupted is told what is left of it."""
    with closing(settings.till()) as till:
        try:
            result = asked(till)
        except KeyboardInterrupt:
            return _interrupted(till)
    if isinstance(result, Refusal):
        return Done(REFUSED, note=result.text, data={"outcome": "refused", "code": result.code.name.lower(), "note": result.text})
    text = "" if result.receipt is None else result.receipt.text(settings.language)
    if text:
        paper.write(text)
    code, note = _told(result)
    return Done(code, text, note, _data(result, text, note))


def _interrupted(till: Till) -> Done:
    left = "its reversal is sent before the next request, or by 'terminal sign-on' or 'settle'" if till.has_pending else "nothing is booked"
    note = f"interrupted: {left}"
    return Done(OUTAGE, note=note, data={"outcome": "interrupted", "note": note})


def _told(result: VoucherResult) -> tuple[int, str]:
    """Exit code, and what the cashier does next."""
    match result.outcome:
        case VoucherOutcome.APPROVED:
            return DONE, result.note
        case VoucherOutcome.DECLINED:
            return REFUSED, f"declined: {result.note}" if result.note else "declined"
        case VoucherOutcome.REVERSED:
            return OUTAGE, f"not done: {result.note}; it is reversed, nothing is booked, try again"
        case VoucherOutcome.REVERSAL_PENDING:
            return OUTAGE, f"not done: {result.note}; its reversal is sent before the next request, or by 'terminal sign-on' or 'settle'"
        case VoucherOutcome.DISPUTED:
            place = f"batch {result.batch}, voucher {result.stan}"
            return OUTAGE, f"not known: {result.note}; the host refuses the reversal ({result.response_code}): ask the acquirer, {place}"
        case VoucherOutcome.UNDECIDED:
            return OUTAGE, f"no goods yet: {result.note}; the issuer is asked again by 'terminal sign-on' or 'settle', then see the report"
        case VoucherOutcome.NOT_SENT:
            return OUTAGE, f"nothing is booked: {result.note}"


def _data(result: VoucherResult, text: str, note: str) -> dict[str, Any]:
    receipt = result.receipt
    return {
        "outcome": result.outcome.name.lower(),
        "kind": "" if receipt is None else receipt.kind.value,
        "amount": 0 if receipt is None else receipt.amount,
        "card": "" if receipt is None else receipt.masked_pan,
        "batch": result.batch,
        "stan": result.stan,
        "invoice": result.invoice,
        "response_code": result.response_code,
        "authorisation_code": result.authorisation_code,
        "rrn": result.rrn,
        "receipt": text,
        "note": note,
    }


def _report(settings: TillSettings, found: DayReport, paper: Paper) -> Done:
    text = found.text(settings.language)
    paper.write(text)
    return Done(DONE, text, data=found.as_data())


def _number(text: str) -> str:
    """Six digits, as papers have them; leading zeros may be left out. Raises BadInput."""
    if not (text.isascii() and text.isdecimal() and 0 < int(text) <= 999_999 and len(text) <= 6):
        raise BadInput(f"{text!r} is no number of a paper", where="--invoice or --batch", hint="write its six digits, like 000012")
    return f"{int(text):06d}"


def _card(till: Till, settings: TillSettings, reader_text: str | None, wait: int) -> Pan | None:
    """The card at the reader, if one is asked for. Raises Outage or BadInput if it cannot be read."""
    if reader_text is None:
        return None
    return card_at(settings.kernel, open_reader(read_reader_name(reader_text)), till.take_tap(), settings.now, _waiting(wait))


def _waiting(seconds: int) -> Waiting:
    return Waiting(seconds * _MS, lambda line: print(line, file=sys.stderr, flush=True))

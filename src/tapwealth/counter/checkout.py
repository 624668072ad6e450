"""From a card at the reader to a voucher: wait for the card, let the kernel speak with it, and do what its outcome asks for.

An approval by the card is stored as an offline sale. So is a request that carries one (the card has paid, and the terminal asks its issuer
nevertheless): it is never sent as a sale, which the issuer would decide anew. Everything else that goes online is a sale.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from typing import Any

from tapwealth.acquiring.readers.reader import NoCard, Reader
from tapwealth.acquiring.till import Till
from tapwealth.acquiring.till_result import VoucherResult
from tapwealth.kernel.clock import business_date_of, monotonic_ns, pause_ms
from tapwealth.kernel.ids import secret_bytes
from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import BadInput, Outage, Refusal
from tapwealth.terminal.config import INQUIRY, Tap, TerminalConfig
from tapwealth.terminal.kernel import dialogue, run
from tapwealth.terminal.outcome import Cvm, Ended, Ending, OfflineApproval, OnlineRequest, Outcome, Repeat, TapReason, Torn
from tapwealth.wire.emv_data import CryptogramType

_NS_PER_MS = 1_000_000
_LOOK_AGAIN_MS, _AFTER_A_TRY_MS = 100, 400
Say = Callable[[str], None]

_NEXT = {
    Ending.DECLINED: "take another card, or be paid another way",
    Ending.TRY_AGAIN: "nothing is booked; pay again",
    Ending.TRY_ANOTHER_INTERFACE: "insert the card elsewhere, or be paid another way",
    Ending.END_APPLICATION: "this card and this terminal cannot do it; be paid another way",
}
"""What the cashier does when a tap ends without a request and without an approval."""


_PAID_TWICE = "a tap before this one broke off and counts for nothing; if a card shows it as paid all the same, its issuer gives it back"


class CheckoutRefusal(Enum):
    """Why a card at the reader led to nothing."""

    CARD_ENDED_IT = auto()
    TWO_CARDS = auto()


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long a card is waited for, and who is told what the customer should do."""

    patience_ms: int
    say: Say


async def why_not_now(till: Till, config: TerminalConfig, amount: int) -> str:
    """Why no card should be asked for `amount` fen now; empty if one can be. What is due is done first: only a card that may approve by
    itself does without a host."""
    waits = till.hindrance or await till.catch_up()
    return "" if not till.hindrance and _takes_offline(config, amount) else waits


def card_at(config: TerminalConfig, reader: Reader, sequence: int, at: datetime, waiting: Waiting) -> Pan:
    """The number of the card that comes to the reader: it is asked for nothing, and nothing is sent. Raises Outage or BadInput."""
    outcome = wait_for_card(config, Tap(0, business_date_of(at), secret_bytes(4), sequence, INQUIRY), reader, waiting)
    if isinstance(outcome, Ended):
        raise BadInput(outcome.refusal.text, where="--reader", hint="try the card again, or leave --reader out")
    return outcome.track2.pan


def _takes_offline(config: TerminalConfig, amount: int) -> bool:
    return any(application.floor_limit >= amount for application in config.applications)


def payment(amount: int, at: datetime, sequence: int) -> Tap:
    """A payment of `amount` fen, as the card is asked for it. Raises BadInput for an amount that cannot be tapped."""
    return Tap(amount, business_date_of(at), secret_bytes(4), sequence)


def wait_for_card(config: TerminalConfig, tap: Tap, reader: Reader, waiting: Waiting) -> Outcome:
    """The outcome of the first tap that comes to an end. A torn one, or one that waits for its owner, is tried again as it was.

    It blocks, and may be interrupted: nothing is sent. Raises Outage when no card has come in time, or there is no reader.
    """
    end = monotonic_ns() + waiting.patience_ms * _NS_PER_MS
    torn: Torn | None = None
    told = ""

    def tell(line: str) -> str:
        if line != told:
            waiting.say(line)
        return line

    while True:
        outcome = _one_tap(config, tap, torn, reader)
        over = monotonic_ns() >= end
        if isinstance(outcome, NoCard):
            if over:
                raise Outage(f"no card within {waiting.patience_ms // 1000} s, nothing is booked; {outcome}") from None
            told = tell("hold card or phone to the reader")
            pause_ms(_LOOK_AGAIN_MS)
            continue
        if over or not isinstance(outcome, Ended) or outcome.ending is not Ending.TRY_AGAIN:
            return outcome
        torn = outcome.torn
        told = tell(f"{outcome.refusal.text}; hold it to the reader again")
        pause_ms(_AFTER_A_TRY_MS)


def _one_tap(config: TerminalConfig, tap: Tap, torn: Torn | None, reader: Reader) -> Outcome | NoCard:
    try:
        reader.connect()
    except NoCard as nobody:
        return nobody
    try:
        return run(dialogue(config, tap, torn), reader.transmit)
    finally:
        reader.close()


async def conclude(till: Till, outcome: Outcome, amount: int, at: datetime) -> VoucherResult | Refusal:
    """Do what the outcome of a tap of `amount` fen asks for."""
    match outcome:
        case Ended():
            return Refusal(CheckoutRefusal.CARD_ENDED_IT, f"{outcome.refusal.text}; {_next_step(outcome)}")
        case OfflineApproval():
            code, left = outcome.authorisation_code, outcome.left_on_card
            result = await till.offline_sale(**_asked(outcome, amount, at), authorisation_code=code, left_on_card=left)
            return replace(result, note=_PAID_TWICE) if outcome.repeat in (Repeat.NEW, Repeat.OTHER_CARD) else result
        case OnlineRequest(cryptogram=CryptogramType.TC):
            return await till.offline_sale(**_asked(outcome, amount, at), believed=False)
        case OnlineRequest(repeat=Repeat.OTHER_CARD):
            text = "another card came than the one that had left; nothing is booked, hold one card to the reader and pay again"
            return Refusal(CheckoutRefusal.TWO_CARDS, text)
        case _:
            return await till.sale(**_asked(outcome, amount, at))


def _asked(outcome: OnlineRequest | OfflineApproval, amount: int, at: datetime) -> dict[str, Any]:
    """What a request takes from the card, as the till's calls name it."""
    return {
        "amount": amount,
        "track2": outcome.track2.field_35().replace("=", "D"),
        "psn": outcome.psn or "00",
        "icc_data": outcome.icc_data,
        "at": at,
        "aid": outcome.aid.hex().upper(),
        "to_sign": outcome.cvm is Cvm.SIGNATURE,
    }


def _next_step(outcome: Ended) -> str:
    if isinstance(outcome.refusal.code, TapReason) and outcome.refusal.code is TapReason.SEE_PHONE:
        return "nothing is booked; its owner consents on the phone ('tapwealth phone --tcp'), then pay again"
    return _NEXT[outcome.ending]

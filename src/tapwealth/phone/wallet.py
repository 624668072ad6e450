"""The phone: applet, store and consent behind one function, `transmit`.

What the applet decided is on the disk before its answer leaves. A phone that dies in between has spent a counter and can never give two
cryptograms under one.
"""

from collections.abc import Callable

from tapwealth.card.applet import step
from tapwealth.kernel.refusal import BadInput
from tapwealth.phone.consent import Consent
from tapwealth.phone.dialogue import GENERATE_AC, Listener
from tapwealth.phone.store import CardStore
from tapwealth.wire.apdu import CommandApdu, Ins, ResponseApdu, decode_command
from tapwealth.wire.emv_data import read_numeric
from tapwealth.wire.emv_tags import Tag

SEE_PHONE = 0x6986
"""Status word of a card that wants its owner's consent first (EMV Contactless Book C-3: "see phone", then tap again)."""

Heard = Callable[[bytes, bytes], None]
"""Is told each command and its answer."""


class Phone:
    """One card on one phone. `consent` None: whatever is tapped is paid, as a card without a phone would."""

    def __init__(self, store: CardStore, consent: Consent | None = None, heard: Heard | None = None) -> None:
        self._store, self._consent, self._heard = store, consent, heard
        self._state = store.load()
        self._listener = Listener()
        self._agreed = 0

    @property
    def pan(self) -> str:
        """In clear: for what must hide it."""
        return self._state.track2.pan.reveal()

    def transmit(self, c_apdu: bytes) -> bytes:
        """One command APDU, one response APDU. Raises OSError, and answers nothing, if the new state cannot be stored."""
        command = _readable(c_apdu)
        if command is not None and self._wants_consent(command):
            answer = ResponseApdu(b"", SEE_PHONE).encode()
        else:
            state, answer = step(self._state, c_apdu)
            self._store.save(state)
            self._state = state
        if command is not None:
            self._listener.hear(command, answer)
        if self._heard is not None:
            self._heard(c_apdu, answer)
        return answer

    def leave_field(self) -> None:
        """Power is gone: the counter stays, the dialogue is forgotten."""
        self._state = self._state.powered_off()
        self._listener.forget()
        self._agreed = 0

    def _wants_consent(self, command: CommandApdu) -> bool:
        """Whether this command would pay an amount that the owner has not agreed to. What cannot be read, the applet will refuse.

        Consent is asked for once in a dialogue: a second cryptogram over the same amount is the same payment.
        """
        if command.ins == Ins.SELECT:
            self._agreed = 0
        if self._consent is None or command.ins not in (Ins.GET_PROCESSING_OPTIONS, GENERATE_AC):
            return False
        try:
            amount = read_numeric(self._listener.told(command).get(Tag.AMOUNT_9F02, bytes(6)), where="amount")
        except BadInput:
            return False
        if amount > self._agreed and not self._consent.covers(amount):
            return True
        self._agreed = max(self._agreed, amount)
        return False


def _readable(c_apdu: bytes) -> CommandApdu | None:
    try:
        return decode_command(c_apdu)
    except BadInput:
        return None

"""The phone: applet, store and consent behind one function, `transmit`.

What the applet decided is on the disk before its answer leaves. A phone that dies in between has spent a counter and can never give two
cryptograms under one.
"""

from collections.abc import Callable
from dataclasses import replace

from tapwealth.card import CardState, Interface, step
from tapwealth.kernel.refusal import BadInput
from tapwealth.phone.consent import Consent
from tapwealth.phone.dialogue import Listener
from tapwealth.phone.store import CardStore
from tapwealth.wire.apdu import CommandApdu, ResponseApdu, Sw, decode_command
from tapwealth.wire.emv_data import read_numeric
from tapwealth.wire.emv_tags import Tag

_WANTS_CONSENT = ResponseApdu(b"", Sw.COMMAND_NOT_ALLOWED).encode()

Heard = Callable[[bytes, bytes], None]
"""Is told each command and its answer."""


class Phone:
    """One card on one phone, at a reader of kind `interface`.

    `consent` is whom the card's wish for consent is put to; None: it stays unfulfilled. `limit` in fen stands in the place of the card's
    own for as long as the phone is served.
    """

    def __init__(
        self,
        store: CardStore,
        interface: Interface = Interface.CONTACTLESS,
        consent: Consent | None = None,
        limit: int | None = None,
        heard: Heard | None = None,
    ) -> None:
        self._store, self._interface, self._consent, self._heard = store, interface, consent, heard
        self._stored = store.load()
        self._state = self._stored if limit is None else replace(self._stored, consent_limit=limit)
        self._listener = Listener()
        self.leave_field()

    def transmit(self, c_apdu: bytes) -> bytes:
        """One command APDU, one response APDU. Raises OSError, and answers nothing, if the new state cannot be stored."""
        command = _readable(c_apdu)
        state, answer = step(self._state, c_apdu)
        if answer == _WANTS_CONSENT and command is not None and self._has_consent(command):
            state, answer = step(self._state.consent(), c_apdu)
        self._keep(state)
        if command is not None:
            self._listener.hear(command, answer)
        if self._heard is not None:
            self._heard(c_apdu, answer)
        return answer

    def leave_field(self) -> None:
        """Power is gone: counter and cash stay, the dialogue is forgotten. The next command comes from a reader of the same kind."""
        self._state = self._state.powered_off().powered_on(self._interface)
        self._listener.forget()

    def _keep(self, state: CardState) -> None:
        self._store.save(replace(state, consent_limit=self._stored.consent_limit))
        self._state = state

    def _has_consent(self, command: CommandApdu) -> bool:
        """Whether the owner agrees to what this command would pay; without consent the owner is asked."""
        if self._consent is None:
            return False
        try:
            amount = read_numeric(self._listener.told(command).get(Tag.AMOUNT_9F02, b""), where="amount")
        except BadInput:
            return False
        return self._consent.take(amount)


def _readable(c_apdu: bytes) -> CommandApdu | None:
    try:
        return decode_command(c_apdu)
    except BadInput:
        return None

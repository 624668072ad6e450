"""A card in the same process: for a till on the phone's own machine, and for tests."""

from collections.abc import Callable


class InProcessReader:
    """`transmit` is the card; `leave` is called when it loses its power."""

    def __init__(self, transmit: Callable[[bytes], bytes], leave: Callable[[], None]) -> None:
        self._transmit, self._leave = transmit, leave
        self._powered = False

    def connect(self) -> None:
        """The card enters the field."""
        self._leave()
        self._powered = True

    def transmit(self, c_apdu: bytes) -> bytes:
        """The card's answer; nothing without power."""
        return self._transmit(c_apdu) if self._powered else b""

    def close(self) -> None:
        """The card leaves."""
        if self._powered:
            self._powered = False
            self._leave()

"""Any PC/SC reader, by name, through pyscard (the optional extra `pcsc`).

pyscard is compiled when it is installed and wants gcc, swig and libpcsclite-dev; reading wants a running pcscd. Nothing else of the program
needs any of them.
"""

from contextlib import suppress
from typing import Any

from tapwealth.acquiring.readers.reader import NoCard
from tapwealth.kernel.refusal import Outage

_PACKAGES = "gcc libc6-dev python3-dev swig libpcsclite-dev pcscd"
_INSTALL = f"run 'make card-reader', or 'sudo apt-get install {_PACKAGES}' and then 'pip install tapwealth[pcsc]'"
_START = "start pcscd and plug the reader in"
_MORE_DATA, _WRONG_LE = 0x61, 0x6C
_GET_RESPONSE = bytes.fromhex("00C00000")
_MOST_PIECES = 8
"""Pieces of one answer that T=0 may bring; a payment card's 256 bytes come in one or two."""


def _library() -> Any:
    try:
        import smartcard.CardConnection
        import smartcard.Exceptions
        import smartcard.pcsc.PCSCExceptions
        import smartcard.scard
        import smartcard.System
    except ImportError:
        raise Outage(f"PC/SC readers need pyscard, which is not installed; {_INSTALL}") from None
    return smartcard


def reader_names() -> list[str]:
    """The names of the PC/SC readers there are. Raises Outage without pyscard or without a running pcscd."""
    return [str(reader) for reader in _readers(_library())]


def _readers(library: Any) -> list[Any]:
    try:
        return list(library.System.readers())
    except library.pcsc.PCSCExceptions.BaseSCardException as error:
        raise Outage(f"PC/SC: {_plain(error)}; {_START}") from None


def _plain(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


class PcscReader:
    """The one reader whose name is `name` or, if none is, has it inside; "" is the only reader there is."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._library = _library()
        self._connection: Any = None
        self._is_t0 = False

    def connect(self) -> None:
        """Power the card anew. Raises Outage when reader or card is missing."""
        self.close()
        chosen = self._chosen()
        connection = chosen.createConnection()
        try:
            connection.connect(disposition=self._library.scard.SCARD_UNPOWER_CARD)
        except self._library.Exceptions.NoCardException:
            raise NoCard(f"{chosen}: no card; hold one to the reader") from None
        except self._library.Exceptions.CardConnectionException as error:
            raise Outage(f"{chosen}: {_plain(error)}; see whether another program has the card") from None
        self._connection = connection
        self._is_t0 = connection.getProtocol() == self._library.CardConnection.CardConnection.T0_protocol

    def transmit(self, c_apdu: bytes) -> bytes:
        """The card's answer; nothing when it has left. Over T=0 the answer is fetched as EMV Book 1, 9.3 says."""
        if self._connection is None:
            return b""
        try:
            return self._fetched(c_apdu) if self._is_t0 else self._raw(c_apdu)
        except self._library.Exceptions.SmartcardException:
            self.close()
            return b""

    def close(self) -> None:
        """Take the card's power away."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(self._library.Exceptions.SmartcardException):
                connection.disconnect()
            with suppress(self._library.Exceptions.SmartcardException):
                connection.release()

    def _raw(self, c_apdu: bytes) -> bytes:
        data, sw1, sw2 = self._connection.transmit(list(c_apdu))
        return bytes(data) + bytes((sw1, sw2))

    def _fetched(self, c_apdu: bytes) -> bytes:
        """T=0 sends no Le beside data, and says with 61 and 6C how much there is to fetch."""
        both_ways = len(c_apdu) > 5 and len(c_apdu) == 6 + c_apdu[4]
        answer = self._raw(c_apdu[:-1] if both_ways else c_apdu)
        if len(answer) == 2 and answer[0] == _WRONG_LE:
            answer = self._raw(c_apdu[:4] + answer[1:2])
        data = b""
        for _ in range(_MOST_PIECES):
            if answer[-2] != _MORE_DATA:
                break
            data += answer[:-2]
            answer = self._raw(_GET_RESPONSE + answer[-1:])
        return data + answer

    def _chosen(self) -> Any:
        readers = _readers(self._library)
        names = [str(reader) for reader in readers]
        if self._name in names:
            return readers[names.index(self._name)]
        fitting = [at for at, name in enumerate(names) if self._name in name]
        if len(fitting) == 1:
            return readers[fitting[0]]
        listed = ", ".join(names) or "none"
        wrong = "fits more than one reader" if fitting else "there is no such reader"
        raise Outage(f"pcsc:{self._name}: {wrong}; there are: {listed}")

"""A customer's phone as far as a tap needs it: the applet with its store, and a clone of it for those who try to cheat.

The new state is stored before the answer leaves: a phone that dies in between has spent a counter, and never gives two cryptograms under
one.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_der_private_key

from tapwealth.card import cash
from tapwealth.card.applet import step
from tapwealth.card.personalise import personalise, replenished
from tapwealth.card.state import CardState
from tapwealth.card.store import read_files, read_key, read_purse
from tapwealth.kernel.masked import Masked, Pan
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.phone.store import CardStore


class Phone:
    """`path` is the phone's protected store."""

    def __init__(self, path: Path) -> None:
        self._store = CardStore(path)
        self._key_path = path.with_suffix(".device")
        self._state: CardState | None = None

    @property
    def has_card(self) -> bool:
        return self._store.has_card

    def proof(self) -> dict[str, str]:
        """What the issuer wants of a device: its public key, and a signature over that. The key is made once and stays in the phone."""
        key = self._device_key()
        point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint).hex()
        signature = key.sign(f"tapwealth/provision\n{point}".encode("ascii"), ECDSA(SHA256(), deterministic_signing=True))
        return {"device_key": point, "signature": signature.hex()}

    def _device_key(self) -> EllipticCurvePrivateKey:
        if not self._key_path.exists():
            made = generate_private_key(SECP256R1()).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
            with open(os.open(self._key_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(made)
        key = load_der_private_key(self._key_path.read_bytes(), None)
        assert isinstance(key, EllipticCurvePrivateKey)
        return key

    def personalise(self, given: Mapping[str, Any]) -> None:
        """Take in what the issuer sent: PAN, PSN, expiry YYMM, the first limited-use keys, what readers may read, an empty purse."""
        expiry = given["expiry"]
        until = date(2000 + int(expiry[:2]), int(expiry[2:]), 1)
        keys = tuple(read_key(one) for one in given["keys"])
        plain = personalise(Pan(given["pan"]), given["psn"], until, keys, key_index=given["key_index"])
        self._save(replace(plain, files=read_files(given["files"]), cash=read_purse(given["cash"])))

    def replenishment(self, token: UUID, number: int) -> dict[str, Any]:
        """A signed request for keys, as `replenish_token` takes it."""
        counter = self._load().atc
        message = f"tapwealth/replenish\n{token}\n{number}\n{counter}".encode("ascii")
        signature = self._device_key().sign(message, ECDSA(SHA256(), deterministic_signing=True))
        return {"token": str(token), "number": number, "counter": counter, "signature": signature.hex()}

    def replenish(self, keys: Sequence[Any]) -> None:
        """Take the keys that a request brought; the same ones again change nothing."""
        self._save(replenished(self._load(), tuple(read_key(one) for one in keys)))

    @property
    def taps_left(self) -> int:
        """For how many taps there are keys."""
        return self._load().taps_left

    def load(self, order: Mapping[str, Any]) -> None:
        """Take an order of the issuer's onto the card; the last one again changes nothing. Raises BadInput with the card's reason."""
        loaded = cash.load(self._load(), cash.LoadOrder(order["number"], order["amount"], bytes.fromhex(order["mac"])))
        if isinstance(loaded, Refusal):
            raise BadInput(loaded.text, where="electronic cash", hint="fetch the card's orders, and take them in their turn")
        self._save(loaded)

    def unload(self, amount: int) -> dict[str, Any]:
        """Take money off the card: the proof that the issuer wants. Raises BadInput with the card's reason."""
        unloaded = cash.unload(self._load(), amount)
        if isinstance(unloaded, Refusal):
            raise BadInput(unloaded.text, where="electronic cash", hint="take less")
        state, proof = unloaded
        self._save(state)
        return {"number": proof.number, "amount": proof.amount, "balance": proof.balance, "loads": proof.loads, "mac": proof.mac.hex()}

    @property
    def cash(self) -> int:
        """Fen of electronic cash on the card."""
        purse = self._load().cash
        return purse.balance if purse is not None else 0

    def transmit(self, c_apdu: bytes) -> bytes:
        """One command APDU, one response. The dialogue lives as long as the phone is in the field; the counter for good."""
        state, answer = step(self._load(), c_apdu)
        self._save(state)
        return answer

    def consent(self) -> None:
        """Its holder has unlocked it and agrees to the next tap."""
        self._save(self._load().consent())

    def leave_field(self) -> None:
        self._save(self._load().powered_off())

    def forged(self) -> "Impostor":
        """Someone who copied everything but the key."""
        return Impostor(with_other_keys(self._load()))

    def replayed(self) -> "Impostor":
        """A copy of the phone from before its last tap: it makes a right cryptogram under a counter that was used."""
        state = self._load()
        return Impostor(replace(state, atc=max(state.atc - 1, 0)))

    def _load(self) -> CardState:
        return self._state or self._store.load()

    def _save(self, state: CardState) -> None:
        self._store.save(state)
        self._state = state


class Impostor:
    """A card of somebody else's making; nothing of it is stored."""

    def __init__(self, state: CardState) -> None:
        self._state = state.powered_off()

    def transmit(self, c_apdu: bytes) -> bytes:
        self._state, answer = step(self._state, c_apdu)
        return answer


def with_other_keys(state: CardState) -> CardState:
    """All of a card but what it proves itself with."""
    keys = (replace(one, key=Masked(bytes(byte ^ 0x5A for byte in bytes.fromhex(one.key.reveal())).hex())) for one in state.keys)
    return replace(state, keys=tuple(keys))

"""What a till remembers over a power failure: its numbers, what was sent and not answered, the vouchers of the open batch.

A *voucher* is one thing that the merchant did and has paper of: a sale, a sale that the card approved by itself, a void, a refund. Card
data are kept only as ciphertext under a key derived from the till's own (AES-256-GCM, HKDF-SHA-256; a real till keeps that key in its
secure element), and of track 2 no more than PAN, expiry and service code once the issuer has answered (PCI DSS 3.3.1): what an advice
carries is kept until the advice is answered.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from typing import Annotated, NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tapwealth.kernel.ids import secret_bytes
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso8583.requests import APPROVED, Totals

FORMAT = 2
LAST_NUMBER, LAST_TAP = 999_999, 99_999_999
SixDigits = Annotated[str, msgspec.Meta(pattern="^[0-9]{6}$")]
_NONCE_BYTES = 12
_KEPT_OF_TRACK2 = len("DYYMM220")
"""Behind the PAN: separator, expiry, service code. What the issuer wrote after them is not kept."""


class VoucherKind(StrEnum):
    """What the merchant did."""

    SALE = "sale"
    OFFLINE_SALE = "offline sale"
    VOID = "void"
    REFUND = "refund"


class Original(msgspec.Struct, frozen=True):
    """The voucher that a void or a refund is about; `date` is its MMDD."""

    batch: str
    stan: str
    invoice: str
    date: str


class Voucher(msgspec.Struct):
    """`card` is ciphertext of track 2 and PSN; `at` is the terminal's time (ISO, Shanghai); `reason` is field 39 of its reversal.

    Of an offline sale `chip` is ciphertext of field 55 until the advice is answered, and `advice_code` the answer. `upload_stan` and
    `upload_code` are those of its batch upload. `final_code` is the host's no to a reversal.
    """

    kind: VoucherKind
    batch: SixDigits
    stan: SixDigits
    invoice: SixDigits
    card: str
    masked_pan: str
    amount: Annotated[int, msgspec.Meta(ge=1)]
    entry_mode: str
    at: str
    aid: str = ""
    reason: str = ""
    authorisation_code: str = ""
    rrn: str = ""
    upload_stan: str = ""
    upload_code: str = ""
    original: Original | None = None
    voided: bool = False
    chip: str = ""
    advice_code: str = ""
    final_code: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError for a time that is none."""
        datetime.fromisoformat(self.at)

    @property
    def awaits_advice(self) -> bool:
        """The card has paid, and the issuer has not yet answered to it."""
        return self.kind is VoucherKind.OFFLINE_SALE and not self.advice_code

    @property
    def is_claimed(self) -> bool:
        """Whether the merchant asks money for it."""
        taken = self.kind is VoucherKind.SALE or (self.kind is VoucherKind.OFFLINE_SALE and self.advice_code in ("", APPROVED))
        return taken and not self.voided

    @property
    def as_original(self) -> Original:
        return Original(self.batch, self.stan, self.invoice, self.at[5:7] + self.at[8:10])


class Numbers(msgspec.Struct):
    """The next of each; all but `batch` count within one series for all batches. They begin again after 999999 (`tap` after 99999999)."""

    batch: Annotated[int, msgspec.Meta(ge=1, le=LAST_NUMBER)]
    stan: Annotated[int, msgspec.Meta(ge=1, le=LAST_NUMBER)] = 1
    invoice: Annotated[int, msgspec.Meta(ge=1, le=LAST_NUMBER)] = 1
    tap: Annotated[int, msgspec.Meta(ge=1, le=LAST_TAP)] = 1


class TillState(msgspec.Struct, forbid_unknown_fields=True):
    """`generation` counts the writes. `pending` was sent and has no answer yet. `disputed` are those that the host would not reverse.

    `vouchers` are those of the open batch, in their order; while it is being settled, one that a card approves belongs to the next.
    """

    format: int
    merchant_id: str
    terminal_id: str
    numbers: Numbers
    generation: int = 0
    working_key: str = ""
    pending: Voucher | None = None
    vouchers: list[Voucher] = []
    disputed: list[Voucher] = []
    settlement_stan: str = ""

    @property
    def batch(self) -> str:
        """The open batch's number."""
        return f"{self.numbers.batch:06d}"

    @property
    def following_batch(self) -> int:
        """The number of the batch after the open one."""
        return following(self.numbers.batch)

    @property
    def is_being_settled(self) -> bool:
        """Nothing may join or leave the batch any more."""
        return bool(self.settlement_stan) or any(one.upload_stan for one in self.vouchers)

    def of_batch(self) -> list[Voucher]:
        """The open batch's vouchers."""
        return [one for one in self.vouchers if one.batch == self.batch]

    def take_stan(self) -> str:
        """The next STAN; it counts as used once the state is saved."""
        stan = f"{self.numbers.stan:06d}"
        self.numbers.stan = following(self.numbers.stan)
        return stan

    def take_invoice(self) -> str:
        """The next invoice number, likewise."""
        invoice = f"{self.numbers.invoice:06d}"
        self.numbers.invoice = following(self.numbers.invoice)
        return invoice

    def take_tap(self) -> int:
        """The next running number for a card (9F41), likewise."""
        tap = self.numbers.tap
        self.numbers.tap = tap % LAST_TAP + 1
        return tap


def following(number: int) -> int:
    """The next number of six digits; zero is none."""
    return number % LAST_NUMBER + 1


def totals_of(vouchers: Iterable[Voucher]) -> Totals:
    """What the merchant claims (sales) and gives back (refunds): field 48."""
    listed = list(vouchers)
    claimed = [one.amount for one in listed if one.is_claimed]
    returned = [one.amount for one in listed if one.kind is VoucherKind.REFUND]
    return Totals(debit_amount=sum(claimed), debit_count=len(claimed), credit_amount=sum(returned), credit_count=len(returned))


class CardData(NamedTuple):
    """`track2` is written with a D."""

    track2: str
    psn: str

    @property
    def to_keep(self) -> "CardData":
        """Without what the issuer wrote behind the service code."""
        pan, _, _ = self.track2.partition("D")
        return CardData(self.track2[: len(pan) + _KEPT_OF_TRACK2], self.psn)


class CardVault:
    """Turns secrets of the till into what may lie on a disk, and back."""

    def __init__(self, keeping_key: bytes, terminal_id: str, *earlier: bytes) -> None:
        """What was sealed under one of the `earlier` keys still opens."""
        self._ciphers = [_cipher(key) for key in (keeping_key, *earlier)]
        self._bound_to = terminal_id.encode()

    def seal(self, text: str) -> str:
        nonce = secret_bytes(_NONCE_BYTES)
        return (nonce + self._ciphers[0].encrypt(nonce, text.encode(), self._bound_to)).hex()

    def open(self, sealed: str) -> str:
        """Raises BadInput if it was sealed elsewhere or changed."""
        for cipher in self._ciphers:
            with suppress(ValueError, InvalidTag):
                data = bytes.fromhex(sealed)
                return cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], self._bound_to).decode()
        raise BadInput("stored card data do not open", where="till state", hint="give the key they were stored under")

    def seal_card(self, card: CardData) -> str:
        return self.seal("/".join(card))

    def open_card(self, sealed: str) -> CardData:
        return CardData(*self.open(sealed).split("/"))


def _cipher(keeping_key: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=b"tapwealth till card data").derive(keeping_key))

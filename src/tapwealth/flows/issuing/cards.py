"""What makes a card: its number, the issuer's keys, and the records by which a terminal finds it genuine; `tokens` gives it to a device."""

import asyncio
from datetime import date
from uuid import UUID

import msgspec
from stdnum import luhn

from tapwealth.compliance.rules import rule_set
from tapwealth.customers import store as customers
from tapwealth.flows.frame import House, Moment
from tapwealth.flows.issuing.issuer_keys import current_key
from tapwealth.issuing import authority, store
from tapwealth.issuing.card_files import CardFiles
from tapwealth.issuing.cryptogram import IssuerKeys
from tapwealth.issuing.key_index import FIRST, key_name
from tapwealth.issuing.store import Token
from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import Outage
from tapwealth.storage.database import Tx
from tapwealth.wire.emv_data import DEBIT_SERVICE_CODE, Track2
from tapwealth.wire.emv_rsa import PrivateKey

KEY_INDEX = FIRST
MASTER_KEYS = {KEY_INDEX: key_name(KEY_INDEX)}
"""The issuer master key that an installation begins with, by its key index: a name in the key store. For those after it: `issuer_keys`."""

TOKEN_BIN = "62888800"  # noqa: S105
"""Issuer identification number of the phones' cards (a range of the sandbox, not assigned by UnionPay)."""

_TURNS = 32
_PSN = "01"
_YEARS = 5


class CardRecord(msgspec.Struct, frozen=True):
    """A whole record, in hex, of that file under that number."""

    sfi: int
    number: int
    data: str


class RsaKey(msgspec.Struct, frozen=True):
    """Modulus and private exponent in hex, public exponent."""

    n: str
    e: int
    d: str

    def __repr__(self) -> str:
        return f"RsaKey({4 * len(self.n)} bits)"


class CardData(msgspec.Struct, frozen=True):
    """What readers may read, and the key that signs for the card. Hex throughout."""

    aip: str
    contact_afl: str
    offline_afl: str
    records: list[CardRecord]
    key: RsaKey


def issuer_keys(house: House) -> IssuerKeys:
    """The first of the issuer's keys, behind the house's key store; with each batch of taps it is seen which there are (`known`)."""
    return IssuerKeys(house.keys, MASTER_KEYS)


async def new_token(house: House, tx: Tx, at: Moment, row: customers.PersonRow, identifier: UUID, device_key: bytes) -> Token:
    """A credential with a number that nobody has, not stored yet, bound to the device of that key."""
    pan = await _free_number(house, tx, row.identity_lookup + device_key)
    return Token(
        book=row.book,
        id=identifier,
        person=row.id,
        token_lookup=token_lookup(house, pan),
        sealed=house.keys.seal("pan", pan.reveal().encode(), b"card_token" + identifier.bytes),
        masked_token=str(pan),
        psn=_PSN,
        expiry=f"{at.now.year % 100 + _YEARS:02d}{at.now.month:02d}",
        master_key=await current_key(tx),
        last_atc=0,
        state="active",
        device_key=device_key,
        denied=" ".join(denied_categories(house.rule_set)),
    )


def denied_categories(rule_set_name: str) -> list[str]:
    """The categories of merchants that a new card does not pay at."""
    return sorted(key.removeprefix("denied_") for key, denied in rule_set(rule_set_name).figures("token_domain").items() if denied)


def number_of(house: House, token: Token) -> Pan:
    """The number of a credential, unsealed for one use."""
    return Pan(house.keys.open_sealed("pan", token.sealed, b"card_token" + token.id.bytes).decode())


async def _free_number(house: House, tx: Tx, holder: bytes) -> Pan:
    """The first of a device's numbers that nobody has: of some thousands of devices two share their first one."""
    numbers = [token_number(house, holder, turn) for turn in range(_TURNS)]
    taken = await store.routes(tx, [token_lookup(house, pan) for pan in numbers])
    free = [pan for pan in numbers if token_lookup(house, pan) not in taken]
    if not free:
        raise Outage("the numbers of this issuer are nearly used up; add a range to it")
    return free[0]


def token_number(house: House, holder: bytes, turn: int = 0) -> Pan:
    """16 digits: the issuer's number, seven digits of a keyed hash, the check digit. `holder`: the person's keyed hash and the device's
    key; `turn`: which of their numbers."""
    name = holder + turn.to_bytes(2, "big") if turn else holder
    digest = int.from_bytes(house.keys.lookup_hash("card_token", name)[:8], "big")
    digits = f"{TOKEN_BIN}{digest % 10**7:07d}"
    return Pan(digits + str(luhn.calc_check_digit(digits)))


def token_lookup(house: House, pan: Pan) -> bytes:
    """The keyed hash by which a token number is found."""
    return house.keys.lookup_hash("pan", pan.reveal())


async def card_data(house: House, token: Token, today: date) -> CardData:
    """Records and an RSA key for a card, drawn anew each time, certified, and forgotten."""
    track2 = Track2(number_of(house, token), token.expiry, DEBIT_SERVICE_CODE)
    return _data(*await asyncio.to_thread(authority.new_card, house.keys, track2, token.psn, TOKEN_BIN, today))


class AuthorityKey(msgspec.Struct, frozen=True):
    """The public key by which terminals tell that a card is genuine, in hex, as a terminal's configuration file takes it."""

    rid: str
    index: str
    modulus: str
    exponent: str
    check_value: str


async def authority_of(house: House) -> AuthorityKey:
    """The sandbox authority's key; it is made when it is first asked for."""
    key = await asyncio.to_thread(authority.authority_key, house.keys)
    parts = (key.rid, bytes((key.index,)), key.key.modulus_bytes, key.key.exponent_bytes, key.check_value)
    return AuthorityKey(*(part.hex().upper() for part in parts))


def _data(files: CardFiles, key: PrivateKey) -> CardData:
    records = [CardRecord(sfi, number, data.hex()) for (sfi, number), data in files.records.items()]
    own = RsaKey(f"{key.public.modulus:x}", key.public.exponent, f"{key.exponent:x}")
    return CardData(files.aip.hex(), files.contact_afl.hex(), files.offline_afl.hex(), records, own)

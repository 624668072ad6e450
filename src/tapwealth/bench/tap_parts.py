"""What the parts of a tap cost by themselves, in microseconds of the processor: each is done again and again on one tap, without a network.

The card's and the terminal's part is the phone's and the till's, not the host's; it is measured because a customer waits for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from os import getpid
from typing import Any

from msgspec import structs

from tapwealth.bench.load import DAY, NOW
from tapwealth.bench.processor import family_ms, least_us, processor_ms
from tapwealth.bench.tap_load import CardMaker, sale_of, whole_tap
from tapwealth.bench.tap_town import KEY_NUMBER, mac_key, one_fen_taps
from tapwealth.flows.frame import House, moment, must_post
from tapwealth.flows.issuing import cards
from tapwealth.flows.issuing.tap import HELD_FOR
from tapwealth.host.exchange import read_frame
from tapwealth.issuing import entries
from tapwealth.issuing.chip_data import read_chip_data
from tapwealth.issuing.cryptogram import IssuerKeys, Verified, diagnose, verify
from tapwealth.kernel.ids import derived
from tapwealth.storage.keystore import KeyStore
from tapwealth.wire.iso8583.fields import pack
from tapwealth.wire.iso8583.frame import Envelope, framed
from tapwealth.wire.iso8583.host_side import answer, parse_request
from tapwealth.wire.iso8583.mac import is_sealed_by
from tapwealth.wire.iso8583.requests import APPROVED, AuthorisationRequest, AuthorisationResponse

_RUNS, _AT_ONCE = 5, 10
_HOLDS, _LISTS = 256, 20


def parts(house: House) -> Mapping[str, int]:
    """Name to microseconds; the best of a few runs, since nothing makes code faster than it is."""
    keys = cards.issuer_keys(house)
    maker = CardMaker(keys, people=8)
    chip = maker.chip_data(0, 100, 1, forged=False)
    frame = framed(Envelope(), pack(sale_of(0, 100, 0, "000001", chip), mac_key(0)))[2:]
    asked = read_frame(frame)
    request = _request(chip)
    given = AuthorisationResponse(response_code=APPROVED, authorisation_code="000000", rrn="0" * 12, icc_data=bytes(12))
    read = read_chip_data(chip)
    forged = structs.replace(read, elements=dict(read.elements) | {0x9F26: bytes(8)})
    card = maker.card(0)
    return {
        "card and terminal, a whole tap in software": _each(lambda: whole_tap(card, 100)),
        "message: frame, fields, request": _each(lambda: parse_request(read_frame(frame).read, NOW)),
        "message: the terminal's code": _each(lambda: is_sealed_by(mac_key(0), asked.message)),
        "message: answer and its code": _each(lambda: pack(answer(asked.read, given, NOW), mac_key(0))),
        "card: chip data read": _each(lambda: read_chip_data(chip)),
        "card: cryptogram verified and answered": _each(lambda: _verified(keys, request, chip)),
        "card: a wrong cryptogram put into words": _each(lambda: diagnose(keys, forged, request.pan, request.psn, KEY_NUMBER)),
    }


def key_parts(store: KeyStore) -> Mapping[str, int]:
    """What is asked of the key store for one tap, as above: the card's key derived from the master key (within a whole verification, and by
    itself), the card's number hashed to find it, a sealed value opened."""
    store.generate(cards.MASTER_KEYS[cards.KEY_INDEX])
    keys = IssuerKeys(store, cards.MASTER_KEYS)
    chip = CardMaker(keys, people=8).chip_data(0, 100, 1, forged=False)
    request = _request(chip)
    sealed = store.seal("pan", bytes(16), b"row")
    return {
        "cryptogram verified and answered": _each(lambda: _verified(keys, request, chip)),
        "card key derived": _each(lambda: keys.card_key(cards.KEY_INDEX, request.pan, request.psn)),
        "number hashed": _each(lambda: store.lookup_hash("pan", request.pan.reveal())),
        "sealed value opened": _each(lambda: store.open_sealed("pan", sealed, b"row")),
    }


async def ledger_parts(house: House, people: int, server: int) -> Mapping[str, int]:
    """What the ledger asks of host and database for the hold of one tap, in lists of up to 256, each with its commit."""
    taps = await one_fen_taps(house, people, _HOLDS)
    host, database = processor_ms(getpid()), family_ms(server)
    for run in range(_LISTS):
        held = [entries.authorised(replace(one, id=derived(one.id, str(run))), DAY, 0, NOW + HELD_FOR) for one in taps]
        async with house.database.transaction() as tx:
            await house.ledger.lock_books(tx, house.all_books)
            await must_post(house, tx, await moment(tx), held)
    spent = processor_ms(getpid()) - host, family_ms(server) - database
    names = ("ledger: a hold, the host's part", "ledger: a hold, the database's part")
    return {name: used * 1_000 // (len(taps) * _LISTS) for name, used in zip(names, spent, strict=True)}


def _request(chip: bytes) -> AuthorisationRequest:
    request = parse_request(read_frame(framed(Envelope(), pack(sale_of(0, 100, 0, "000001", chip), mac_key(0)))[2:]).read, NOW)
    assert isinstance(request, AuthorisationRequest)
    return request


def _verified(keys: IssuerKeys, request: AuthorisationRequest, chip: bytes) -> bytes:
    verified = verify(keys, read_chip_data(chip), request.pan, request.psn, number=KEY_NUMBER)
    assert isinstance(verified, Verified), verified
    return verified.arpc_1(APPROVED)


def _each(work: Callable[[], Any]) -> int:
    return least_us(work, runs=_RUNS, at_once=_AT_ONCE)

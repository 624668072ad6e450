"""The card's one decision in a contactless tap, and its cryptogram: what GET PROCESSING OPTIONS answers (PBOC 3.0 part 12, part 5).

The decision, in this order; the first that applies:

1. the reader knows no qPBOC (TTQ): no dialogue
2. the holder's consent is wanted and was not given: 6986, "look at the phone"; nothing is counted
3. the reader insists on a cryptogram for the issuer (TTQ byte 2, bit 8): ARQC
4. electronic cash covers it: TC, and the amount is taken from the card at once. It covers a purchase in yuan up to the single limit and
   the balance; where the reader can go online, only if at least the reset threshold stays
5. the reader cannot go online: AAC
6. ARQC

With a TC, and where the reader wants data authentication for an online tap too, the answer has a file locator and the signature of fast
DDA, version 01. The elements that the records hold do not come in the answer: no tag twice.
"""

from collections.abc import Mapping
from dataclasses import replace

from tapwealth.card.state import CardState, LogEntry, Purse
from tapwealth.wire import dol, tlv
from tapwealth.wire.apdu import Sw
from tapwealth.wire.dol import Wanted
from tapwealth.wire.emv_crypto import Padding, retail_mac, tdes_ecb
from tapwealth.wire.emv_data import CryptogramType, IssuerApplicationData, numeric, pboc_cvr, read_numeric
from tapwealth.wire.emv_profiles import PROFILES, TERMINAL_DATA
from tapwealth.wire.emv_signatures import Dynamic, fast_terminal_data, sign_dynamic
from tapwealth.wire.emv_tags import Tag

PDOL = (Wanted(Tag.TTQ_9F66, 4), *TERMINAL_DATA)
"""What the card wants to know: the list that UnionPay's own cards announce."""

PDOL_LENGTH = dol.length(PDOL)
AIP = bytes.fromhex("7C00")
"""Of a card without certificates, as UnionPay's own announce it: static and dynamic data authentication, cardholder verification,
terminal risk management, issuer authentication (EMV Book 3, C1)."""

TRIPLE_DES = 0x01
FAST_VERSION = 0x01
LOCAL_RECORD = (3, 1)
"""File and number of the record that the card makes for each tap: 9F69, and 9F74 of electronic cash."""

_QPBOC, _OFFLINE_ONLY, _AUTHENTICATE_ONLINE_TOO = 0x20, 0x08, 0x01
_CRYPTOGRAM_FOR_ISSUER, _CVM_REQUIRED = 0x80, 0x40
"""Bits of TTQ bytes 1 and 2."""

_YUAN, _PURCHASE = bytes.fromhex("0156"), b"\x00"
_NO_CVM, _VERIFIED_ON_DEVICE = bytes.fromhex("0000"), bytes.fromhex("0080")
_CASH_AUTHORISATION = b"ECC001"
"""9F74: six characters that mark a payment out of electronic cash."""

Given = Mapping[int, bytes]


def decide(state: CardState, given: Given) -> CryptogramType | Sw:
    """The card's decision on what the reader gave; a status word when there can be no cryptogram now."""
    ttq = given[Tag.TTQ_9F66]
    if not ttq[0] & _QPBOC:
        return Sw.CONDITIONS_NOT_SATISFIED
    amount = _amount(given)
    if amount is None:
        return Sw.WRONG_DATA
    if not state.consented and _wants_consent(state, ttq, amount):
        return Sw.COMMAND_NOT_ALLOWED
    if ttq[1] & _CRYPTOGRAM_FOR_ISSUER:
        return CryptogramType.ARQC
    online = not ttq[0] & _OFFLINE_ONLY
    if state.files is not None and state.cash is not None and _covers(state.cash, given, amount, online=online):
        return CryptogramType.TC
    return CryptogramType.ARQC if online else CryptogramType.AAC


def _amount(given: Given) -> int | None:
    digits = given[Tag.AMOUNT_9F02].hex()
    return int(digits) if digits.isdecimal() else None


def _wants_consent(state: CardState, ttq: bytes, amount: int) -> bool:
    """Above the phone's own limit, or where the reader requires verification. A card that cannot ask leaves it to the reader."""
    return state.consent_limit is not None and (amount > state.consent_limit or bool(ttq[1] & _CVM_REQUIRED))


def _covers(purse: Purse, given: Given, amount: int, *, online: bool) -> bool:
    plain = given[Tag.CURRENCY_5F2A] == _YUAN and given[Tag.TYPE_9C] == _PURCHASE and given[Tag.DATE_9A].hex().isdecimal()
    if not plain or given[Tag.COUNTRY_9F1A] != _YUAN or not 0 < amount <= min(purse.single_limit, purse.balance):
        return False
    return not online or purse.balance - amount >= purse.reset_threshold


def answer_options(state: CardState, data: bytes) -> tuple[CardState, bytes] | Sw:
    """The counted and, for a TC, debited card, and its answer to the terminal's `PDOL_LENGTH` bytes; or a status word and no change."""
    given = dol.split(PDOL, data)
    decision, key = decide(state, given), state.key_for(state.atc + 1)
    if isinstance(decision, Sw):
        return decision
    if key is None:
        return Sw.CONDITIONS_NOT_SATISFIED
    counted = replace(state, atc=state.atc + 1, consented=False)
    if decision is CryptogramType.TC:
        assert state.cash is not None
        counted = replace(counted, cash=state.cash.spent(_entry(given, counted.atc)))
    ctq = _VERIFIED_ON_DEVICE if state.consented else _NO_CVM
    return _answered(counted, given, decision, ctq)


def _answered(state: CardState, given: Given, decision: CryptogramType, ctq: bytes) -> tuple[CardState, bytes]:
    aip = AIP if state.files is None else state.files.aip
    iad = issuer_data(state, pboc_cvr(decision))
    answer: list[tuple[int, bytes]] = [
        (Tag.AIP_82, aip),
        (Tag.ATC_9F36, state.atc.to_bytes(2, "big")),
        (Tag.TRACK2_57, state.track2.encode()),
        (Tag.IAD_9F10, iad.encode()),
        (Tag.CRYPTOGRAM_9F26, cryptogram(state, given, iad, aip)),
    ]
    with_records = decision is CryptogramType.TC or (decision is CryptogramType.ARQC and given[Tag.TTQ_9F66][0] & _AUTHENTICATE_ONLINE_TOO)
    if state.files is None or not with_records:
        return state, _template([*answer, (Tag.PSN_5F34, bytes.fromhex(state.psn)), (Tag.CTQ_9F6C, ctq), _available(state)])
    related = bytes((FAST_VERSION,)) + _own_number(state) + ctq + b"\x00"
    signed = fast_terminal_data(
        FAST_VERSION, given[Tag.UNPREDICTABLE_NUMBER_9F37], given[Tag.AMOUNT_9F02], given[Tag.CURRENCY_5F2A], related
    )
    signature = sign_dynamic(state.files.key, Dynamic(state.atc.to_bytes(2, "big")), signed)
    answer[1:1] = [(Tag.AFL_94, state.files.offline_afl)]
    answer += [(Tag.CTQ_9F6C, ctq), _available(state), (Tag.SIGNED_DATA_9F4B, signature)]
    record = tlv.encode(
        Tag.RECORD_70, tlv.encode_all([(Tag.CARD_AUTHENTICATION_9F69, related), (Tag.ISSUER_AUTHORISATION_9F74, _CASH_AUTHORISATION)])
    )
    return replace(state, dialogue=replace(state.dialogue, record=record)), _template(answer)


def _template(answer: list[tuple[int, bytes]]) -> bytes:
    return tlv.encode(Tag.RESPONSE_FORMAT_2_77, tlv.encode_all(answer))


def _available(state: CardState) -> tuple[int, bytes]:
    """9F5D: what can be spent offline."""
    return Tag.OFFLINE_AMOUNT_9F5D, numeric(state.cash.balance if state.cash else 0, 6)


def _own_number(state: CardState) -> bytes:
    """Four bytes that nobody foresees who lacks the key: the card has no other source of chance."""
    key = state.key_for(state.atc)
    assert key is not None
    return tdes_ecb(bytes.fromhex(key.key.reveal()), b"FDDA" + bytes(2) + state.atc.to_bytes(2, "big"))[:4]


def _entry(given: Given, atc: int) -> LogEntry:
    return LogEntry(
        amount=read_numeric(given[Tag.AMOUNT_9F02], where="9F02"),
        day=given[Tag.DATE_9A].hex(),
        country=given[Tag.COUNTRY_9F1A].hex(),
        currency=given[Tag.CURRENCY_5F2A].hex(),
        kind=given[Tag.TYPE_9C].hex(),
        atc=atc,
    )


def issuer_data(state: CardState, cvr: bytes) -> IssuerApplicationData:
    """9F10 under the counter in `state`. With electronic cash: its balance, and four bytes of MAC over counter and balance under the
    session key, `0A 01 | balance 5 | MAC 4`. UnionPay does not publish what that MAC covers; this is the issuer's own."""
    discretionary = b""
    if state.cash is not None:
        told = b"\x0a\x01" + numeric(state.cash.balance, 5)
        session_key = PROFILES[state.cvn].scheme.session_key(_key(state), state.atc)
        discretionary = told + retail_mac(session_key, state.atc.to_bytes(2, "big") + told, Padding.MARKED)[:4]
    return IssuerApplicationData(state.key_index, state.cvn, cvr, TRIPLE_DES, discretionary)


def cryptogram(state: CardState, given: Given, iad: IssuerApplicationData, aip: bytes) -> bytes:
    """The cryptogram under the counter in `state`: the terminal's data, AIP, counter and CVR (PBOC 3.0 part 5)."""
    maced = b"".join(given[tag] for tag, _ in TERMINAL_DATA) + aip + state.atc.to_bytes(2, "big") + iad.cvr
    return PROFILES[state.cvn].cryptogram(_key(state), state.atc, maced)


def _key(state: CardState) -> bytes:
    key = state.key_for(state.atc)
    assert key is not None, "a counter is used only if there is a key for it"
    return bytes.fromhex(key.key.reveal())

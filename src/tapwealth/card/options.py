"""The card's one decision and its cryptogram: what GET PROCESSING OPTIONS answers (PBOC 3.0 part 12; part 5 for the cryptogram).

The terminal's data come in the order of `PDOL`. The answer is template 77 without a file locator: the terminal goes online.
"""

from collections.abc import Mapping

from tapwealth.card.state import CardState
from tapwealth.wire import dol, tlv
from tapwealth.wire.dol import Wanted
from tapwealth.wire.emv_crypto import Padding, pboc_session_key, retail_mac
from tapwealth.wire.emv_data import CryptogramType, IssuerApplicationData, pboc_cvr
from tapwealth.wire.emv_tags import Tag

PDOL = (
    Wanted(Tag.TTQ_9F66, 4),
    Wanted(Tag.AMOUNT_9F02, 6),
    Wanted(Tag.AMOUNT_OTHER_9F03, 6),
    Wanted(Tag.COUNTRY_9F1A, 2),
    Wanted(Tag.TVR_95, 5),
    Wanted(Tag.CURRENCY_5F2A, 2),
    Wanted(Tag.DATE_9A, 3),
    Wanted(Tag.TYPE_9C, 1),
    Wanted(Tag.UNPREDICTABLE_NUMBER_9F37, 4),
)
"""What the card wants to know: the list that UnionPay's own cards announce."""

PDOL_LENGTH = dol.length(PDOL)
AIP = bytes.fromhex("7C00")
"""Static and dynamic data authentication, cardholder verification, terminal risk management, issuer authentication (EMV Book 3, C1)."""

CVN, TRIPLE_DES = 0x01, 0x01
_MACED = (
    Tag.AMOUNT_9F02,
    Tag.AMOUNT_OTHER_9F03,
    Tag.COUNTRY_9F1A,
    Tag.TVR_95,
    Tag.CURRENCY_5F2A,
    Tag.DATE_9A,
    Tag.TYPE_9C,
    Tag.UNPREDICTABLE_NUMBER_9F37,
)
_QPBOC, _OFFLINE_ONLY = 0x20, 0x08
"""Bits of TTQ byte 1."""

_NO_CVM = bytes(2)
_NOTHING_OFFLINE = bytes(6)


def decide(ttq: bytes) -> CryptogramType | None:
    """The card's decision from the reader's qualifiers; None when the reader does not know qPBOC at all.

    This card has no money on board: a reader that cannot go online gets a decline.
    """
    if not ttq[0] & _QPBOC:
        return None
    return CryptogramType.AAC if ttq[0] & _OFFLINE_ONLY else CryptogramType.ARQC


def answer_options(state: CardState, data: bytes) -> bytes | None:
    """The response to the terminal's `PDOL_LENGTH` bytes, under the counter in `state`; None when there can be no qPBOC dialogue."""
    given = dol.split(PDOL, data)
    decision = decide(given[Tag.TTQ_9F66])
    if decision is None:
        return None
    iad = IssuerApplicationData(state.key_index, CVN, pboc_cvr(decision), TRIPLE_DES)
    answer = [
        (Tag.AIP_82, AIP),
        (Tag.ATC_9F36, state.atc.to_bytes(2, "big")),
        (Tag.TRACK2_57, state.track2.encode()),
        (Tag.IAD_9F10, iad.encode()),
        (Tag.CRYPTOGRAM_9F26, cryptogram(state, given, iad)),
        (Tag.PSN_5F34, bytes.fromhex(state.psn)),
        (Tag.CTQ_9F6C, _NO_CVM),
        (Tag.OFFLINE_AMOUNT_9F5D, _NOTHING_OFFLINE),
    ]
    return tlv.encode(Tag.RESPONSE_FORMAT_2_77, tlv.encode_all(answer))


def cryptogram(state: CardState, given: Mapping[int, bytes], iad: IssuerApplicationData) -> bytes:
    """Cryptogram version 01 (PBOC 3.0 part 5): terminal's data, AIP, counter and CVR under the session key, padded with 80."""
    maced = b"".join(given[tag] for tag in _MACED) + AIP + state.atc.to_bytes(2, "big") + iad.cvr
    session_key = pboc_session_key(bytes.fromhex(state.icc_mk_ac.reveal()), state.atc)
    return retail_mac(session_key, maced, Padding.MARKED)

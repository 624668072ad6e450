"""Whether the card is genuine: fast dynamic data authentication, from the scheme's key to the card's signature (PBOC 3.0 part 12; EMV
Book 2, clauses 5 and 6; Book C-3, 5.6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tapwealth.kernel.refusal import BadInput
from tapwealth.terminal.config import Tap, TerminalConfig
from tapwealth.terminal.outcome import Oda
from tapwealth.terminal.qualifiers import CTQ_BYTES, Tvr
from tapwealth.terminal.records import Wanted
from tapwealth.wire import dol
from tapwealth.wire.emv_certificates import CaKey, Certified, recover_card_key, recover_issuer_key
from tapwealth.wire.emv_data import Track2
from tapwealth.wire.emv_signatures import fast_terminal_data, static_data_to_authenticate, verify_dynamic
from tapwealth.wire.emv_tags import Tag, describe_tag

_DDA_SUPPORTED = 0x20
"""In the first byte of the AIP (EMV Book 3, C1)."""

_NEEDED = (
    Tag.CA_INDEX_8F,
    Tag.ISSUER_CERTIFICATE_90,
    Tag.ISSUER_EXPONENT_9F32,
    Tag.CARD_CERTIFICATE_9F46,
    Tag.CARD_EXPONENT_9F47,
    Tag.SIGNED_DATA_9F4B,
)
_DEFAULT_DDOL = (dol.Wanted(Tag.UNPREDICTABLE_NUMBER_9F37, 4),)
_CTQ_AT = 5
"""In 9F69: version, the card's own unpredictable number of four bytes, then what its qualifiers were (Book C-3, table A-1)."""


@dataclass(frozen=True, slots=True)
class Authenticity:
    """`oda` with what it adds to the terminal's findings, and why it failed. `qualifiers` are those the card signed, if it signed any."""

    oda: Oda
    tvr: Tvr
    why: str = ""
    qualifiers: bytes | None = None


NOT_DONE = Authenticity(Oda.NOT_DONE, Tvr.ODA_NOT_DONE)


def authenticate(
    config: TerminalConfig,
    tap: Tap,
    df_name: bytes,
    track2: Track2,
    known: Mapping[int, bytes],
    elements: Mapping[int, bytes],
    records: Sequence[tuple[Wanted, bytes]],
) -> Authenticity:
    """The card's chain and signature over this transaction. Never raises: what fails is told in one line."""
    if not elements[Tag.AIP_82][0] & _DDA_SUPPORTED:
        return Authenticity(Oda.FAILED, Tvr.DDA_FAILED | Tvr.DATA_MISSING, "it does not sign: its AIP has no dynamic data authentication")
    lacking = [describe_tag(tag) for tag in _NEEDED if not elements.get(tag)]
    if lacking:
        return Authenticity(Oda.FAILED, Tvr.DDA_FAILED | Tvr.DATA_MISSING, f"it lacks {', '.join(lacking)}")
    try:
        _verify(config, tap, df_name, track2, known, elements, records)
    except BadInput as error:
        return Authenticity(Oda.FAILED, Tvr.DDA_FAILED, str(error))
    return Authenticity(Oda.DONE, Tvr(0), qualifiers=signed_qualifiers(elements))


def signed_qualifiers(elements: Mapping[int, bytes]) -> bytes | None:
    """The qualifiers inside 9F69, which fast DDA of version 01 signs; None when there are none."""
    card_data = elements.get(Tag.CARD_AUTHENTICATION_9F69, b"")
    told = card_data[_CTQ_AT : _CTQ_AT + CTQ_BYTES]
    return told if len(told) == CTQ_BYTES and card_data[0] else None


def _verify(
    config: TerminalConfig,
    tap: Tap,
    df_name: bytes,
    track2: Track2,
    known: Mapping[int, bytes],
    elements: Mapping[int, bytes],
    records: Sequence[tuple[Wanted, bytes]],
) -> None:
    authority = _authority(config, tap, df_name[:5], elements[Tag.CA_INDEX_8F])
    issuer_tags = (Tag.ISSUER_CERTIFICATE_90, Tag.ISSUER_REMAINDER_92, Tag.ISSUER_EXPONENT_9F32)
    card_tags = (Tag.CARD_CERTIFICATE_9F46, Tag.CARD_REMAINDER_9F48, Tag.CARD_EXPONENT_9F47)
    issuer = recover_issuer_key(authority, _certified(elements, issuer_tags), track2.pan, tap.day, config.revoked)
    signed_records = [(wanted.sfi, record) for wanted, record in records if wanted.signed]
    static_data = static_data_to_authenticate(signed_records, elements.get(Tag.STATIC_TAGS_9F4A), elements[Tag.AIP_82])
    card = recover_card_key(issuer.key, _certified(elements, card_tags), track2.pan, tap.day, static_data)
    verify_dynamic(card.key, elements[Tag.SIGNED_DATA_9F4B], _signed_terminal_data(known, elements))


def _authority(config: TerminalConfig, tap: Tap, rid: bytes, index: bytes) -> CaKey:
    where = f"CA key {index.hex().upper()} of {rid.hex().upper()}"
    authority = config.ca_key(rid, index[0]) if len(index) == 1 else None
    if authority is None:
        raise BadInput("this terminal does not have it", where=where, hint="load it from the scheme's list")
    if authority.expiry is not None and tap.day > authority.expiry:
        raise BadInput(f"it expired on {authority.expiry}", where=where, hint="load its successor")
    return authority


def _certified(elements: Mapping[int, bytes], tags: tuple[Tag, Tag, Tag]) -> Certified:
    return Certified(*(elements.get(tag, b"") for tag in tags))


def _signed_terminal_data(known: Mapping[int, bytes], elements: Mapping[int, bytes]) -> bytes:
    """By 9F69 fast DDA of its version; without it version 00, by the card's own list (9F49) if it has one."""
    card_data = elements.get(Tag.CARD_AUTHENTICATION_9F69)
    if card_data and card_data[0] != 0:
        number, amount, currency = (known[tag] for tag in (Tag.UNPREDICTABLE_NUMBER_9F37, Tag.AMOUNT_9F02, Tag.CURRENCY_5F2A))
        return fast_terminal_data(card_data[0], number, amount, currency, card_data)
    listed = elements.get(Tag.DDOL_9F49)
    wanted = _DEFAULT_DDOL if listed is None else dol.decode(listed, where="9F49")
    if Tag.UNPREDICTABLE_NUMBER_9F37 not in (entry.tag for entry in wanted):
        raise BadInput("the card's list has no unpredictable number", where="9F49", hint="its signature could be an old one")
    return dol.fill(wanted, known)

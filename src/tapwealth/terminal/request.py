"""From the card's answer and its records to the outcome, and the chip data of request and advice (PBOC 3.0 part 12; EMV Contactless Book
C-3, 5.4 to 5.8; field 55 as UnionPay terminals send it)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tapwealth.kernel.refusal import BadInput
from tapwealth.terminal.answer import CardAnswer, sequence_number
from tapwealth.terminal.authentication import NOT_DONE, Authenticity, authenticate, signed_qualifiers
from tapwealth.terminal.cardholder import choose
from tapwealth.terminal.config import Tap, TerminalConfig
from tapwealth.terminal.outcome import Cvm, Ended, Ending, Oda, OfflineApproval, OnlineRequest, Outcome, Repeat, TapReason, Torn, ended
from tapwealth.terminal.qualifiers import TVR_BYTES, Ctq, Ttq, Tvr
from tapwealth.terminal.records import Wanted, read_elements
from tapwealth.terminal.restrictions import Hindrance, restrictions
from tapwealth.wire import tlv
from tapwealth.wire.emv_data import CryptogramType, read_numeric
from tapwealth.wire.emv_tags import Tag

FIELD_55 = (
    Tag.CRYPTOGRAM_9F26,
    Tag.CID_9F27,
    Tag.IAD_9F10,
    Tag.UNPREDICTABLE_NUMBER_9F37,
    Tag.ATC_9F36,
    Tag.TVR_95,
    Tag.DATE_9A,
    Tag.TYPE_9C,
    Tag.AMOUNT_9F02,
    Tag.CURRENCY_5F2A,
    Tag.AIP_82,
    Tag.COUNTRY_9F1A,
    Tag.AMOUNT_OTHER_9F03,
    Tag.CAPABILITIES_9F33,
    Tag.CVM_RESULTS_9F34,
    Tag.TERMINAL_TYPE_9F35,
    Tag.IFD_SERIAL_9F1E,
    Tag.DF_NAME_84,
    Tag.VERSION_9F09,
    Tag.SEQUENCE_COUNTER_9F41,
)
"""The order in which terminals in the field send them; an offline advice has 9F74 after them if the card gave it."""

_AUTHORISATION_CODE = 6


@dataclass(frozen=True, slots=True)
class Deal:
    """What is settled before the card decides: `known` are the terminal's data by tag, `asked` what the card's list asked for."""

    config: TerminalConfig
    tap: Tap
    ttq: Ttq
    known: Mapping[int, bytes]
    asked: frozenset[int]
    df_name: bytes
    torn: Torn | None = None

    def wants_records(self, answer: CardAnswer) -> bool:
        """Whether the card's records matter: it approved, or it asks its issuer and the terminal proves it genuine all the same."""
        if answer.decision is CryptogramType.TC:
            return True
        return answer.decision is CryptogramType.ARQC and bool(self.ttq & Ttq.ODA_FOR_ONLINE)


def at_once(deal: Deal, answer: CardAnswer) -> Ended | None:
    """The endings for which no record needs to be read."""
    match answer.decision:
        case CryptogramType.AAC:
            return ended(Ending.DECLINED, TapReason.DECLINED_BY_CARD, "AAC in 9F10")
        case CryptogramType.TC if deal.ttq & Ttq.ONLINE_CRYPTOGRAM_REQUIRED:
            return ended(Ending.DECLINED, TapReason.OFFLINE_NOT_TAKEN, "TC in 9F10")
        case CryptogramType.ARQC if deal.ttq & Ttq.OFFLINE_ONLY:
            return ended(Ending.DECLINED, TapReason.OFFLINE_ONLY, "ARQC in 9F10")
        case _:
            return None


def conclude(deal: Deal, answer: CardAnswer, records: Sequence[tuple[Wanted, bytes]]) -> Outcome:
    """The outcome of a tap from all that the card said. Raises BadInput when it cannot be read."""
    repeat = repeat_of(deal.torn, answer)
    if isinstance(repeat, Ended):
        return repeat
    elements = read_elements(records, answer.given)
    told = elements.get(Tag.PAN_5A)
    if told is not None and told.hex().upper().rstrip("F") != answer.track2.pan.reveal():
        return ended(Ending.END_APPLICATION, TapReason.CONTRADICTION, "the PAN in its record is not the one in its track 2")
    authentic = NOT_DONE
    if answer.decision is CryptogramType.TC or records:
        authentic = authenticate(deal.config, deal.tap, deal.df_name, answer.track2, deal.known, elements, records)
    if authentic.oda is Oda.FAILED:
        return _not_authentic(deal, answer, elements, authentic, repeat)
    if answer.decision is CryptogramType.TC:
        return _offline(deal, answer, elements, authentic, repeat)
    return _online(deal, answer, elements, authentic, authentic.tvr, repeat, "")


def repeat_of(torn: Torn | None, answer: CardAnswer) -> Repeat | Ended | None:
    """What a tap is to the torn one before it: a card may tell the same again or count on, and never go back."""
    if torn is None or torn.seen is None:
        return None
    seen = torn.seen
    if seen.track2.pan != answer.track2.pan:
        return Repeat.OTHER_CARD
    if answer.atc > seen.atc:
        return Repeat.NEW
    if (answer.atc, answer.cryptogram) == (seen.atc, seen.cryptogram):
        return Repeat.SAME
    return ended(Ending.END_APPLICATION, TapReason.CONTRADICTION, f"its counter is {answer.atc} after {seen.atc}")


def _not_authentic(
    deal: Deal, answer: CardAnswer, elements: Mapping[int, bytes], authentic: Authenticity, repeat: Repeat | None
) -> Outcome:
    """What the card wishes when it is not proved genuine (its qualifiers, byte 1): its issuer, the contact interface, or nothing."""
    if answer.may(Ctq.ONLINE_IF_ODA_FAILS) and not deal.ttq & Ttq.OFFLINE_ONLY:
        return _online(deal, answer, elements, authentic, authentic.tvr, repeat, authentic.why)
    other = answer.may(Ctq.OTHER_INTERFACE_IF_ODA_FAILS) and deal.ttq & Ttq.CONTACT
    return ended(Ending.TRY_ANOTHER_INTERFACE if other else Ending.DECLINED, TapReason.NOT_AUTHENTIC, authentic.why)


def _offline(deal: Deal, answer: CardAnswer, elements: Mapping[int, bytes], authentic: Authenticity, repeat: Repeat | None) -> Outcome:
    hindrance, found = restrictions(deal.config, deal.tap, answer.track2, elements)
    if hindrance is not None:
        return _hindered(deal, answer, elements, authentic, hindrance, found, repeat)
    cvm = choose(deal.ttq, answer, authentic.qualifiers, online=False)
    if cvm is None:
        return _unverified(deal)
    code = elements.get(Tag.ISSUER_AUTHORISATION_9F74, b"")
    left = elements.get(Tag.OFFLINE_AMOUNT_9F5D)
    return OfflineApproval(
        icc_data=_chip_data(deal, answer, elements, cvm, found) + (tlv.encode(Tag.ISSUER_AUTHORISATION_9F74, code) if code else b""),
        track2=answer.track2,
        psn=sequence_number(elements),
        aid=deal.df_name,
        atc=answer.atc,
        amount=deal.tap.amount,
        cvm=cvm,
        tvr=found.to_bytes(TVR_BYTES, "big"),
        left_on_card=None if left is None else read_numeric(left, where="9F5D Available offline spending amount"),
        authorisation_code=_authorisation_code(code),
        repeat=repeat,
    )


def _authorisation_code(code: bytes) -> str:
    text = code.decode("latin-1")
    if code and (len(code) != _AUTHORISATION_CODE or not (text.isascii() and text.isprintable())):
        raise BadInput(f"{len(code)} bytes", where="9F74 Issuer authorisation code", hint="it has six letters or digits")
    return text


def _hindered(
    deal: Deal,
    answer: CardAnswer,
    elements: Mapping[int, bytes],
    authentic: Authenticity,
    hindrance: Hindrance,
    found: Tvr,
    repeat: Repeat | None,
) -> Outcome:
    """Declined; but an expired card may ask for its issuer's word."""
    online = answer.may(Ctq.ONLINE_IF_EXPIRED) and not deal.ttq & Ttq.OFFLINE_ONLY
    if hindrance.reason is TapReason.EXPIRED and online:
        return _online(deal, answer, elements, authentic, found, repeat, f"the card has expired ({hindrance.detail})")
    return ended(Ending.DECLINED, *hindrance)


def _unverified(deal: Deal) -> Ended:
    ending = Ending.TRY_ANOTHER_INTERFACE if deal.ttq & Ttq.CONTACT else Ending.DECLINED
    return ended(ending, TapReason.NO_CVM, "the card has not verified its holder")


def _online(
    deal: Deal,
    answer: CardAnswer,
    elements: Mapping[int, bytes],
    authentic: Authenticity,
    tvr: Tvr,
    repeat: Repeat | None,
    note: str,
) -> Outcome:
    cvm = choose(deal.ttq, answer, authentic.qualifiers or signed_qualifiers(elements), online=True)
    if cvm is None:
        return _unverified(deal)
    if deal.ttq & Ttq.ONLINE_CRYPTOGRAM_REQUIRED:
        tvr |= Tvr.FLOOR_LIMIT_EXCEEDED
    if cvm is Cvm.ONLINE_PIN:
        tvr |= Tvr.PIN_ENTERED_ONLINE
    return OnlineRequest(
        icc_data=_chip_data(deal, answer, elements, cvm, tvr),
        track2=answer.track2,
        psn=sequence_number(elements),
        aid=deal.df_name,
        atc=answer.atc,
        cvm=cvm,
        oda=authentic.oda,
        tvr=tvr.to_bytes(TVR_BYTES, "big"),
        cryptogram=answer.decision,
        repeat=repeat,
        note=note,
    )


def _chip_data(deal: Deal, answer: CardAnswer, elements: Mapping[int, bytes], cvm: Cvm, tvr: Tvr) -> bytes:
    own: dict[int, bytes] = {
        Tag.CID_9F27: bytes((answer.decision.cid,)),
        Tag.CVM_RESULTS_9F34: cvm.value,
        Tag.DF_NAME_84: deal.df_name,
    }
    # What was MACed must arrive as it was given to the card, so the terminal's own data override the card's. That holds for the
    # findings too: a card that asked for 95 before anything was found put zeros into its cryptogram.
    if Tag.TVR_95 not in deal.asked:
        own[Tag.TVR_95] = tvr.to_bytes(TVR_BYTES, "big")
    return field_55({**elements, **deal.known, **own})


def field_55(values: Mapping[int, bytes]) -> bytes:
    """The chip data of a request: `FIELD_55` in its order."""
    return tlv.encode_all((tag, values[tag]) for tag in FIELD_55)

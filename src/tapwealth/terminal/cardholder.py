"""How the cardholder is verified: what the amount asks, what the card wants, what terminal and phone can (EMV Contactless C-3, 5.7)."""

from tapwealth.terminal.answer import CardAnswer
from tapwealth.terminal.outcome import Cvm
from tapwealth.terminal.qualifiers import CTQ_BYTES, Ctq, Ttq
from tapwealth.wire.emv_data import CryptogramType


def choose(ttq: Ttq, answer: CardAnswer, signed: bytes | None, *, online: bool) -> Cvm | None:
    """The method; None when the amount needs one and none is at hand. `signed` are the qualifiers that the card signed, if it did.

    In this order: PIN to the issuer, the phone's own verification, signature. A card without qualifiers signs on paper where it must.
    A PIN needs the issuer, so it never goes with an offline approval.
    """
    required = bool(ttq & Ttq.CVM_REQUIRED)
    if answer.ctq is None:
        return (Cvm.SIGNATURE if ttq & Ttq.SIGNATURE else None) if required else Cvm.NONE
    if online and answer.may(Ctq.ONLINE_PIN_REQUIRED) and ttq & Ttq.ONLINE_PIN:
        return Cvm.ONLINE_PIN
    if verified_on_device(answer, signed):
        return Cvm.ON_DEVICE
    if answer.may(Ctq.SIGNATURE_REQUIRED) and ttq & Ttq.SIGNATURE:
        return Cvm.SIGNATURE
    return None if required else Cvm.NONE


def verified_on_device(answer: CardAnswer, signed: bytes | None) -> bool:
    """Whether the phone's word that it verified its holder counts.

    Qualifiers can be altered on the air. So where the card signed its own, they must be the same; and an offline approval, which no
    issuer looks at first, needs the signed ones.
    """
    if answer.ctq is None or not answer.may(Ctq.DEVICE_CVM_DONE):
        return False
    if signed is not None:
        return signed == answer.ctq.to_bytes(CTQ_BYTES, "big")
    return answer.decision is not CryptogramType.TC

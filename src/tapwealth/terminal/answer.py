"""What the card answered to GET PROCESSING OPTIONS, checked and typed (PBOC 3.0 part 12)."""

from collections.abc import Mapping
from dataclasses import dataclass

from tapwealth.kernel.refusal import BadInput
from tapwealth.terminal.outcome import Ended, Ending, TapReason, ended
from tapwealth.terminal.qualifiers import CTQ_BYTES, Ctq
from tapwealth.wire import tlv
from tapwealth.wire.emv_data import CryptogramType, Track2, read_iad, read_numeric, read_track2
from tapwealth.wire.emv_tags import Tag, describe_tag

_REQUIRED = {Tag.AIP_82: 2, Tag.ATC_9F36: 2, Tag.TRACK2_57: None, Tag.CRYPTOGRAM_9F26: 8, Tag.IAD_9F10: None}
"""What a card must answer, and how long it is (None: its reader knows)."""


@dataclass(frozen=True, slots=True)
class CardAnswer:
    """`given` are all elements by tag; `ctq` is None when the card sent none."""

    given: Mapping[int, bytes]
    decision: CryptogramType
    track2: Track2
    atc: int
    ctq: Ctq | None

    @property
    def cryptogram(self) -> bytes:
        return self.given[Tag.CRYPTOGRAM_9F26]

    @property
    def locator(self) -> bytes:
        """Where its records lie (94); empty when there are none to read."""
        return self.given.get(Tag.AFL_94, b"")

    def may(self, wish: Ctq) -> bool:
        """Whether its qualifiers have that bit."""
        return self.ctq is not None and bool(self.ctq & wish)


def read_answer(data: bytes) -> CardAnswer | Ended:
    """The answer in template 77. Raises BadInput when it cannot be read."""
    given = tlv.unique(tlv.template(data, Tag.RESPONSE_FORMAT_2_77, where="GPO"), where="GPO 77")
    lacking = missing(given)
    if lacking:
        return ended(Ending.TRY_ANOTHER_INTERFACE, TapReason.MISSING_DATA, ", ".join(lacking))
    decision = read_iad(given[Tag.IAD_9F10]).decision
    said = given.get(Tag.CID_9F27, b"\x00")
    if Tag.CID_9F27 in given and (len(said) != 1 or said[0] & 0xC0 != decision.cid):
        text = f"9F27 is {said.hex().upper()}, 9F10 says {decision.name}"
        return ended(Ending.END_APPLICATION, TapReason.CONTRADICTION, text)
    atc = int.from_bytes(given[Tag.ATC_9F36], "big")
    return CardAnswer(given, decision, read_track2(given[Tag.TRACK2_57]), atc, _ctq(given))


def missing(given: Mapping[int, bytes]) -> list[str]:
    """Which of the elements that a qPBOC card must send are absent or have a wrong length, by name."""
    return [
        describe_tag(tag)
        for tag, size in _REQUIRED.items()
        if tag not in given or (len(given[tag]) != size if size is not None else not given[tag])
    ]


def sequence_number(elements: Mapping[int, bytes]) -> str | None:
    """The PAN sequence number in two digits, from the answer or a record; None when the card has none. Raises BadInput."""
    value = elements.get(Tag.PSN_5F34)
    if value is None:
        return None
    if len(value) != 1:
        raise BadInput(f"{len(value)} bytes", where="5F34", hint="the PAN sequence number has one")
    return f"{read_numeric(value, where='5F34'):02d}"


def _ctq(given: Mapping[int, bytes]) -> Ctq | None:
    value = given.get(Tag.CTQ_9F6C)
    if value is None:
        return None
    if len(value) != CTQ_BYTES:
        raise BadInput(f"{len(value)} bytes", where="GPO 9F6C", hint="the card transaction qualifiers have two")
    return Ctq(int.from_bytes(value, "big"))

"""Which ISO 20022 message some bytes are, by the namespace of the root element (ISO 20022-4)."""

from enum import StrEnum
from io import BytesIO

from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso20022.guard import MAX_MESSAGE_BYTES, root_of

_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"


class MessageType(StrEnum):
    """The pinned versions; the value is the message's name as pain.002 quotes it."""

    PAIN_001 = "pain.001.001.09"
    PAIN_002 = "pain.002.001.12"
    PAIN_008 = "pain.008.001.08"
    CAMT_053 = "camt.053.001.08"
    CAMT_054 = "camt.054.001.08"

    @property
    def namespace(self) -> str:
        return _NAMESPACE + self.value

    @property
    def family(self) -> str:
        """Without the version: `pain.001`."""
        return self.value[:8]


_BY_ROOT = {f"{{{known.namespace}}}Document": known for known in MessageType}


def sniff(data: bytes) -> MessageType:
    """The type of a message, from its root element alone: nothing behind it is looked at. BadInput if it is none of the five."""
    root = root_of(BytesIO(data), MAX_MESSAGE_BYTES)
    known = _BY_ROOT.get(root)
    if known is None:
        names = ", ".join(MessageType)
        raise BadInput(f"the root element {root[:100]!r} is no message known here", where="line 1", hint=f"send one of {names}")
    return known

"""What is asked of a messenger, who brings messages to phones, and what it can say. The sandbox's speaks HTTP (`messenger_http`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from tapwealth.kernel.masked import Masked


class Channel(StrEnum):
    """How a message goes to a customer."""

    PUSH = "push"
    SMS = "sms"


class Fate(StrEnum):
    """What is known of a message that was, or may have been, handed over."""

    ACCEPTED = "accepted"
    """The messenger has it; whether it arrives is not known yet."""
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    """It does not arrive, and never will: the number is dead, or the messenger does not take such a message."""
    NEVER_CAME = "never_came"
    """The messenger knows of no message under that serial."""
    UNKNOWN = "unknown"
    """No answer, or none that decides anything."""


@dataclass(frozen=True, slots=True)
class Said:
    """`reason` is one line; `there`: whether the messenger answered at all."""

    fate: Fate
    reason: str = ""
    there: bool = True


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as it is handed over: `serial` names it for good; `addresses` is one phone number, or the phones of one person."""

    serial: str
    channel: Channel
    addresses: Sequence[Masked]
    text: str
    segments: int


class MessengerPort(Protocol):
    """Brings messages. Whatever goes wrong on the way is a value."""

    async def submit(self, message: Outgoing) -> Said:
        """Hand it over. The same message under the same serial may be handed over again, and is brought once."""
        ...

    async def inquire(self, channel: Channel, serial: str) -> Said:
        """What became of the message of that serial, which went over that channel."""
        ...

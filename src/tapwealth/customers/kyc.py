"""How well somebody is known: the class of a payment account by the number of independent channels that confirmed the identity.

Source: PBoC notice 2015 No. 43, art. 11: class I one external channel, class II three (or face to face), class III five (or face to face).
"""

from collections.abc import Mapping
from enum import IntEnum, StrEnum


class Channel(StrEnum):
    """Who can be asked about an identity."""

    POPULATION = "population"
    BANK = "bank"
    TELECOM = "telecom"
    TAX = "tax"
    EDUCATION = "education"


class ChannelAnswer(StrEnum):
    """What a channel said. `unanswered`: it was not asked yet, or its answer is not known."""

    MATCH = "match"
    MISMATCH = "mismatch"
    UNKNOWN = "unknown"
    UNANSWERED = "unanswered"


class KycLevel(IntEnum):
    """Class of the payment account; NONE may hold no money."""

    NONE = 0
    I = 1  # noqa: E741 - the regulation's own names
    II = 2
    III = 3


CHANNELS_NEEDED = ((KycLevel.III, 5), (KycLevel.II, 3), (KycLevel.I, 1))


def kyc_level(answers: Mapping[Channel, ChannelAnswer]) -> KycLevel:
    """The class that these answers give. A mismatch confirms nothing, but does not undo what other channels confirmed."""
    matches = sum(answer is ChannelAnswer.MATCH for answer in answers.values())
    return next((level for level, needed in CHANNELS_NEEDED if matches >= needed), KycLevel.NONE)

"""What a message says on the phone: of one notice or of several, never a full number of a card or a person, within what a channel takes."""

import re

from tapwealth.notices.messenger import Channel

SIGNATURE = "【Tapwealth】"
"""Whose text message it is: carriers in China ask for it."""
ALONE, CHAINED, MOST_SEGMENTS = 70, 67, 3
"""UCS-2 units of a text message and of each segment of a longer one (3GPP TS 23.040); segments that one message may cost."""
LONGEST_PUSH = 200
MORE = "…"

_NUMBER = re.compile(r"\d{11,}[Xx]?|\d{4}(?:[ -]\d{4}){2,}(?:[ -]\d{1,4})?|\d{6}[ -]\d{8}[ -]\d{3}[\dXx]")
_SHOWN_OF_NUMBER = 4


def in_words(text: str, subjects: int, language: str) -> str:
    """One notice as it is; of several how many, and the newest."""
    if subjects <= 1:
        return text
    return f"您有 {subjects} 条新通知，最新一条：{text}" if language == "zh" else f"You have {subjects} new notices. The newest: {text}"


def for_channel(text: str, channel: Channel) -> tuple[str, int]:
    """The text as it is sent over a channel, and how many segments it costs."""
    safe = without_numbers(text)
    if channel is Channel.PUSH:
        return (safe if len(safe) <= LONGEST_PUSH else safe[: LONGEST_PUSH - 1] + MORE), 1
    signed = SIGNATURE + safe
    if units(signed) > MOST_SEGMENTS * CHAINED:
        signed = _cut(signed, MOST_SEGMENTS * CHAINED - 1) + MORE
    return signed, segments(signed)


def without_numbers(text: str) -> str:
    """Whatever could be the number of a card, a person or a telephone is shown by its end alone."""
    return _NUMBER.sub(lambda found: "*" * _SHOWN_OF_NUMBER + found[0][-_SHOWN_OF_NUMBER:], text)


def units(text: str) -> int:
    """UCS-2 units: what lies beyond the basic plane takes two."""
    return len(text.encode("utf-16-be")) // 2


def segments(text: str) -> int:
    """What a text message costs."""
    length = units(text)
    return 1 if length <= ALONE else -(-length // CHAINED)


def _cut(text: str, most: int) -> str:
    """The longest beginning of at most so many units; nothing that takes two is cut in half."""
    return text.encode("utf-16-be")[: 2 * most].decode("utf-16-be", "ignore")

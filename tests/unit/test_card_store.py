"""Whatever a phone's store, or the issuer's word, says: a card that answers every reader properly, or one line that says what is wrong."""

import json
from typing import Any

import pytest
from issued_card import issued

from tapwealth.card import Interface, from_json, step, to_json
from tapwealth.kernel.refusal import BadInput

h = bytes.fromhex
OPTIONS = "80A8000023 8321 {} 000000010000 000000000000 0156 0000000000 0156 140224 00 01020304 00"
CONTACTLESS = [h("00A4040008A00000033301010100"), h(OPTIONS.format("37000080")), h("00B2011C00"), h("80CA9F7900"), h("00B2015C00")]
CONTACT = [
    h("00A4040008A00000033301010100"),
    h("80A8000002830000"),
    h("00B2010C00"),
    h("008800000401020304 00"),
    h("80AE90001D") + bytes(29) + b"\0",
    h("80AE50001F") + bytes(31) + b"\0",
]


def used() -> dict[str, Any]:
    """A card that has paid once, as it is stored."""
    card = issued()
    for command in CONTACTLESS[:2]:
        card, answer = step(card, command)
        assert answer[-2:] == h("9000")
    assert card.cash is not None
    assert card.cash.log
    return dict(json.loads(to_json(card)))


WHOLE = used()


def places(stored: Any) -> list[tuple[Any, ...]]:
    """The way to each value."""
    below = stored.items() if isinstance(stored, dict) else enumerate(stored) if isinstance(stored, list) else ()
    return [way for key, value in below for way in ((key,), *((key, *rest) for rest in places(value)))]


GONE = object()
VALUES = [GONE, None, True, -1, 0, 1, 0xFFFF, 0x10000, 1 << 33, "", "0", "00", "0" * 19, "ff" * 248, "x", "\u0663" * 4, [], [{}], {}]


@pytest.mark.parametrize("way", places(WHOLE), ids=lambda way: ".".join(map(str, way)))
def test_each_member_changed_is_refused_or_is_a_card_that_answers(way: tuple[Any, ...]) -> None:
    for value in VALUES:
        stored = json.loads(json.dumps(WHOLE))
        holder = stored
        for key in way[:-1]:
            holder = holder[key]
        if value is GONE:
            del holder[way[-1]]
        else:
            holder[way[-1]] = value
        answers_properly(stored)


def answers_properly(stored: dict[str, Any]) -> None:
    try:
        card = from_json(json.dumps(stored))
    except BadInput:
        return
    assert from_json(to_json(card)) == card
    for interface, commands in ((Interface.CONTACTLESS, CONTACTLESS), (Interface.CONTACT, CONTACT)):
        card = card.powered_on(interface)
        for command in commands:
            card, answer = step(card, command)
            assert 2 <= len(answer) <= 258

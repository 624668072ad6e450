"""What played days leave in their folder: a card's data in its phone alone, a person's with the partners that must know them."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from left_behind import Found, left_behind

DAYS = 6
"""With a refund, fresh keys, a lost phone and the card of the one that follows it."""
PERSON = "name|identity number|phone"
MAY_HOLD = {
    r"devices/phone(\d+(?:-new)?)\.json": "card's number|track 2|limited-use key .*|load key",
    r"devices/phone(\d+(?:-new)?)\.token": "device's secret",
    r"devices/till-(\d+)/till\.key": "code's key",
    r"devices/till-(\d+)/master\.key": "terminal's master key",
    r"bank\.sqlite": "name|bank card",
    r"carrier\.sqlite": "phone",
    r"identity\.sqlite": PERSON,
    r"insurer\.sqlite": "name|identity number",
    r"messenger\.sqlite": "phone",
    r"registrar\.sqlite": "name|identity number",
    r"exchange/.*\.TXT": "name|identity number",
}
"""By the file: a phone's own store, a terminal's own keys, partners' stores, and the files by which the registrar opens a holder's
account."""


def surplus(found: Found) -> list[tuple[str, str]]:
    """(file, secret) of what lies where it must not. A phone may hold what is on its own card."""
    return [(name, secret) for name, secrets in found.items() for secret in secrets if not may_hold(name, secret)]


def may_hold(name: str, secret: str) -> bool:
    what, _, owner = secret.rpartition(" of ")
    for file, kinds in MAY_HOLD.items():
        match = re.fullmatch(file, name)
        if match and re.fullmatch(kinds, what) and owner in (match.groups() or owner):
            return True
    return False


def test_days_leave_nobodys_data_and_no_cards_where_they_do_not_belong(undisturbed: Callable[[int], Any]) -> None:
    found = undisturbed(DAYS).found
    assert surplus(found) == []
    for name, owner in (("phone0", "0"), ("phone1", "1"), ("phone1-new", "1-new")):
        assert f"limited-use key 1 of {owner}" in found[f"devices/{name}.json"], "the search finds what is there"
    assert any("name of 0" in secrets for name, secrets in found.items() if name.endswith(".sqlite"))


def test_what_is_left_somewhere_else_is_found(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "platform.log").write_bytes(b"declined " + bytes.fromhex("6288880012345674"))
    (tmp_path / "bank.sqlite").write_text("6288880012345674")
    (tmp_path / "identity.sqlite").write_text("13800138000")
    (tmp_path / "heads.jsonl").write_text("nothing")
    secrets = {"card's number of 0": "6288880012345674", "phone of 0": "13800138000"}
    wrong = [("bank.sqlite", "card's number of 0"), ("logs/platform.log", "card's number of 0")]
    assert sorted(surplus(left_behind(tmp_path, secrets))) == wrong
    others = {"devices/phone1.json": ["card's number of 0", "card's number of 1"]}
    assert surplus(others) == [("devices/phone1.json", "card's number of 0")]

"""Which key store an installation has is told once and found again."""

from pathlib import Path

import pytest

from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.storage import key_choice

TOKEN = "pkcs11:token=vault?module-path=/usr/lib/vault.so"


def test_the_software_is_chosen_where_nothing_was_said(tmp_path: Path) -> None:
    assert key_choice.chosen(tmp_path, "") == "software"


def test_what_was_chosen_the_last_time_is_found_again_and_can_be_changed(tmp_path: Path) -> None:
    key_choice.remember(tmp_path, TOKEN)
    assert key_choice.chosen(tmp_path, "") == TOKEN
    assert key_choice.chosen(tmp_path, "software") == "software"
    key_choice.remember(tmp_path, "software")
    assert key_choice.chosen(tmp_path, "") == "software"


def test_anything_else_is_refused_with_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="'hardware' is no key store; write software, or pkcs11:"):
        key_choice.chosen(tmp_path, "hardware")
    (tmp_path / "store").write_bytes(b"\xff\xfe")
    with pytest.raises(Outage, match="give --keys"):
        key_choice.chosen(tmp_path, "")

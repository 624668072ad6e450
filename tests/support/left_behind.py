"""What a played week leaves in its folder, searched for what names its people and what is on their cards: every file of it, the database's
pages and its log of changes included."""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from leaks import Secrets, leaks, on_card

from tapwealth.issuing.cryptogram import IssuerKeys
from tapwealth.issuing.limited_use import KEYS_AHEAD
from tapwealth.kernel.masked import Pan
from tapwealth.play.cast import cast_of
from tapwealth.play.devices import new_phone_file, phone_file
from tapwealth.storage.keystore import FileKeyStore

Found = Mapping[str, list[str]]
"""By the file's name in the folder."""
FIRST_KEY = {1: "iss_mk_ac_1"}


def secrets_in(folder: Path, seed: int = 1) -> dict[str, str | bytes]:
    """Of everybody who plays, of the card in each phone, of the keys in each terminal, and the issuer's key."""
    keys, devices, found = FileKeyStore(folder / "keys"), folder / "devices", {}
    issuer = IssuerKeys(keys, FIRST_KEY)
    for number, one in enumerate(cast_of(seed).customers):
        named: dict[str, str | bytes] = {
            "name": one.name, "identity number": one.identity_number, "phone": one.phone, "bank card": one.card_number,
            "device's secret": one.device_token,
        }  # fmt: skip
        found |= {f"{what} of {number}": value for what, value in named.items()}
        for owner, store in ((f"{number}", phone_file(devices, number)), (f"{number}-new", new_phone_file(devices, number))):
            if store.exists():
                card = json.loads(store.read_text())
                last = max(key["number"] for key in card["keys"]) + KEYS_AHEAD
                held = on_card(issuer, Pan(card["pan"]), card["psn"], card["expiry"], range(1, last + 1))
                found |= {f"{what} of {owner}": value for what, value in held.items()}
    for what, name in (("code's key", "till.key"), ("terminal's master key", "master.key")):
        found |= {f"{what} of {path.parent.name[5:]}": path.read_text().strip() for path in sorted(devices.glob(f"till-*/{name}"))}
    return found | {"master key of the issuer": keys._key(FIRST_KEY[1]).hex()}


def left_behind(folder: Path, secrets: Secrets | None = None) -> Found:
    """Which secrets lie in which files. A file that is the same as another one is looked at once."""
    wanted, seen, found = secrets or secrets_in(folder), set(), {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        digest = sha256(content).digest()
        if digest not in seen:
            seen.add(digest)
            if leaked := leaks(wanted, content):
                found[str(path.relative_to(folder))] = leaked
    return found

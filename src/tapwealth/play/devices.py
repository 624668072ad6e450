"""Whose phone lies where in the folder of a played week."""

import json
from pathlib import Path

from tapwealth.kernel.refusal import BadInput
from tapwealth.play.cast import Person, cast_of


def phone_file(devices: Path, number: int) -> Path:
    """The store of a customer's phone; customers count from 0."""
    return devices / f"phone{number}.json"


def new_phone_file(devices: Path, number: int) -> Path:
    """The store of the phone that comes after a lost one."""
    return devices / f"phone{number}-new.json"


def phone_in_use(devices: Path, number: int) -> Path:
    """The newest one."""
    new = new_phone_file(devices, number)
    return new if new.exists() else phone_file(devices, number)


def keep_token(devices: Path, number: int, token: str) -> None:
    """What the customer's phone proves itself by, where whoever looks on finds it and may act as that customer; the newest phone's."""
    path = devices / f"phone{number}.token"
    path.touch(mode=0o600)
    path.write_text(f"{token}\n", encoding="ascii")


def phone_of(folder: Path, who: str) -> Path:
    """The phone of the customer with that name or phone number, in the week that is played in `folder`. Raises BadInput."""
    having = [(person, path) for person, path in _customers(folder) if path.exists()]
    found = next((path for person, path in having if who in (person.name, person.phone)), None)
    if found is None:
        known = ", ".join(f"{person.name} {person.phone}" for person, _ in having) or "nobody yet"
        raise BadInput(f"{who!r} has no phone with a card", where=str(folder), hint=f"those who have one: {known}")
    return found


def _customers(folder: Path) -> list[tuple[Person, Path]]:
    try:
        seed = int(json.loads((folder / "billing.json").read_text(encoding="utf-8"))["seed"])
    except (OSError, ValueError, KeyError, TypeError):
        raise BadInput("no week was played here", where=str(folder), hint="play one ('tapwealth demo'), or give --store") from None
    people = cast_of(seed).customers
    return [(person, phone_in_use(folder / "devices", number)) for number, person in enumerate(people)]

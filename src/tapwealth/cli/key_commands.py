"""What `tapwealth keys` does, each as one function: with the key store alone before there is a platform, and with its database after."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tapwealth.cli.house_commands import in_house
from tapwealth.flows.frame import House
from tapwealth.flows.issuing import issuer_keys
from tapwealth.issuing import authority
from tapwealth.issuing.key_index import FIRST, KeyIndex, current, index_of, key_name
from tapwealth.kernel.clock import iso
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage import key_choice
from tapwealth.storage.keystore import KeyEntry, KeyStore


def _folder(data: Path) -> Path:
    return data / "keys"


def _store(data: Path, choice: str) -> KeyStore:
    return key_choice.opened(_folder(data), key_choice.chosen(_folder(data), choice))


def prepared(data: Path, choice: str) -> list[dict[str, str]]:
    """Make every key that an installation begins with, those there are kept; remember the store. All keys, as they are listed."""
    chosen = key_choice.chosen(_folder(data), choice)
    store = key_choice.opened(_folder(data), chosen)
    store.generate(key_name(FIRST))
    authority.make_keys(store)
    key_choice.remember(_folder(data), chosen)
    return _listed(store.entries(), ())


def listed(data: Path, url: str | None, choice: str) -> list[dict[str, str]]:
    """Every key, and how the indexes of issuer master keys stand where there is a database that says so."""
    if url is None and not (data / "database").exists():
        return _listed(_store(data, choice).entries(), ())

    async def act(house: House) -> list[dict[str, str]]:
        return _listed(house.keys.entries(), await issuer_keys.indexes(house))

    found: list[dict[str, str]] = in_house(data, url, act, choice)
    return found


def _listed(entries: Sequence[KeyEntry], indexes: Sequence[KeyIndex]) -> list[dict[str, str]]:
    states = {key_name(one.number): _state(one, indexes) for one in indexes}
    return [
        {
            "name": one.name,
            "kind": one.kind,
            "check_value": one.check_value.hex().upper(),
            "made": one.made,
            "state": states.get(one.name, ""),
        }
        for one in entries
    ]


def _state(one: KeyIndex, indexes: Sequence[KeyIndex]) -> str:
    if one.retired_at is not None:
        return f"retired {iso(one.retired_at)}"
    return "for new cards" if one.number == current(indexes) else "honoured"


def check_value(data: Path, choice: str, name: str) -> str:
    """Six hexadecimal digits."""
    return _store(data, choice).check_value(name).hex().upper()


def generated(data: Path, url: str | None, choice: str, what: str) -> Any:
    """The next issuer master key, or fresh sealing keys; names and check values of what was made."""

    async def issuer(house: House) -> dict[str, str] | Refusal:
        index = await issuer_keys.generate(house)
        return index if isinstance(index, Refusal) else _checked(house.keys, [key_name(index)])

    async def data_keys(house: House) -> dict[str, str]:
        before = {one.name for one in house.keys.entries()}
        house.keys.add_root()
        return _checked(house.keys, sorted({one.name for one in house.keys.entries()} - before))

    return in_house(data, url, issuer if what == "issuer" else data_keys, choice)


def _checked(store: KeyStore, names: Sequence[str]) -> dict[str, str]:
    return {name: store.check_value(name).hex().upper() for name in names}


def retired(data: Path, url: str | None, choice: str, index: int) -> Any:
    """The index and the name of the key that new cards are given now, or a refusal."""

    async def act(house: House) -> dict[str, Any] | Refusal:
        done = await issuer_keys.retire(house, index)
        if isinstance(done, Refusal):
            return done
        left = key_name(current(await issuer_keys.indexes(house)))
        return {"index": index_of(key_name(done.number)), "for_new_cards": left}

    return in_house(data, url, act, choice)

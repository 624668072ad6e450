"""Which key store an installation has: the software's file, or a PKCS#11 token.

The choice is kept beside the database (`keys/store` in the data folder, one line), so that every command finds the same keys. A wrong one
harms nothing: the database knows what keys it was filled with.
"""

from pathlib import Path

from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.storage.keystore import FileKeyStore, KeyStore
from tapwealth.storage.pkcs11_uri import SCHEME, read_token_uri

SOFTWARE = "software"
_FILE = "store"


def chosen(folder: Path, given: str) -> str:
    """What is given, or else what was the last time, or else the software. Raises BadInput for what is neither."""
    choice = given or _remembered(folder)
    if choice != SOFTWARE and not choice.startswith(SCHEME):
        raise BadInput(f"{choice[:40]!r} is no key store", where="--keys", hint="write software, or pkcs11:token=LABEL?module-path=…")
    return choice


def opened(folder: Path, choice: str) -> KeyStore:
    """The store of that choice; the library for tokens is only loaded for them. Raises BadInput and Outage."""
    if choice == SOFTWARE:
        return FileKeyStore(folder)
    from tapwealth.storage.pkcs11_keys import Pkcs11KeyStore

    return Pkcs11KeyStore(read_token_uri(choice), folder)


def remember(folder: Path, choice: str) -> None:
    """From now on it is the one where none is given. Raises Outage."""
    if _remembered(folder) == choice:
        return
    try:
        part = folder / f".{_FILE}"
        part.write_text(choice + "\n", "utf-8")
        part.rename(folder / _FILE)
    except OSError as error:
        raise Outage(f"cannot write {folder / _FILE}: {error.strerror}; make room and see its rights") from None


def _remembered(folder: Path) -> str:
    try:
        return (folder / _FILE).read_text("utf-8").strip()
    except FileNotFoundError:
        return SOFTWARE
    except (OSError, UnicodeDecodeError):
        raise Outage(f"cannot read {folder / _FILE}, which says where the keys are; restore it, or give --keys") from None

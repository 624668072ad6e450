"""What is fixed when the platform is installed: the number of books, and which keys sealed what lies in the database."""

from datetime import datetime

from tapwealth.kernel.refusal import Outage
from tapwealth.storage.database import Tx
from tapwealth.storage.keystore import KeyStore

_PURPOSE = "installation"


async def is_installed(tx: Tx) -> bool:
    """Whether a platform has worked on this database before."""
    return bool(await tx.fetchval("select exists (select from installation)"))


async def install(tx: Tx, books: int, keys: KeyStore, now: datetime) -> int:
    """Fix the number of books and the keys the first time; afterwards check the keys. Returns the number of books that was fixed.

    Raises Outage when the key file is not the one that this database was filled with.
    """
    check = keys.lookup_hash(_PURPOSE, "key check")
    await tx.execute(
        "insert into installation (id, books, key_check, installed_at) values (1, $1, $2, $3) on conflict (id) do nothing",
        books,
        check,
        now,
    )
    row = await tx.fetchrow("select books, key_check from installation where id = 1")
    if row["key_check"] != check:
        raise Outage("the key file does not belong to this database, what was sealed could not be opened; restore the one it was made with")
    fixed: int = row["books"]
    return fixed

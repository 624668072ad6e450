"""The row of a book is its lock: whoever writes to what a book decides about holds it; who needs several takes them in ascending order."""

from collections.abc import Iterable
from typing import Any


async def lock_books(tx: Any, books: Iterable[int]) -> None:
    """Hold the rows of these books until the transaction ends. Taking a row again is harmless."""
    await tx.execute("select from book where book = any ($1::int[]) order by book for no key update", list(books))

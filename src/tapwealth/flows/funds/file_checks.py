"""What every file of the registrar has to be, whatever it tells of; and its confirmations, as they are read."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import BinaryIO

from tapwealth.funds.exchange_in import CONFIRMATIONS, Incoming
from tapwealth.funds.exchange_values import ConfirmationRecord
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.ofd import DataFileName


def check_day(file: DataFileName, said: Iterable[tuple[str, date]], wanted: date) -> None:
    """Raises BadInput if a record (by name) is of another date than `wanted`."""
    for name, day in said:
        if day != wanted:
            raise BadInput(f"{name} is dated {day}, it should be {wanted}", where=str(file), hint="ask the registrar for a right file")


def check_once(file: DataFileName, holders: Iterable[str]) -> None:
    """Raises BadInput if a holder stands in a file twice."""
    for name, times in Counter(holders).items():
        if times > 1:
            raise BadInput(f"{name} stands there {times} times", where=str(file), hint="ask the registrar for a right file")


def confirmations_in(content: BinaryIO, file: DataFileName) -> Incoming[ConfirmationRecord]:
    """A 04 from its beginning. Raises BadInput."""
    content.seek(0)
    return CONFIRMATIONS.open(content, str(file))

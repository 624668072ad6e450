"""What the messenger reports of messages by itself: in any order, more than once, and of what is not ours."""

import re
from typing import Annotated
from uuid import UUID

import msgspec

from tapwealth.flows.frame import House
from tapwealth.flows.notices.outgoing import hear
from tapwealth.kernel.ids import book_of
from tapwealth.kernel.refusal import BadInput
from tapwealth.notices.messenger import Fate, Said
from tapwealth.notices.routing import Key

MOST = 1_000
LONGEST_REASON = 80
FATES = {"delivered": Fate.DELIVERED, "bounced": Fate.BOUNCED}
_SERIAL = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Report(msgspec.Struct, frozen=True):
    """What became of the message of that serial; what a messenger says beyond that is passed over."""

    serial: Annotated[str, msgspec.Meta(max_length=200)]
    state: Annotated[str, msgspec.Meta(max_length=40)]
    reason: Annotated[str, msgspec.Meta(max_length=1_000)] = ""


class Reports(msgspec.Struct, frozen=True):
    """As they are pushed."""

    reports: Annotated[list[Report], msgspec.Meta(max_length=MOST)]


async def take(house: House, content: bytes) -> None:
    """Take reports; of serials that are not ours nothing is kept. Raises BadInput for what cannot be read, and takes none of it then."""
    told = [(key, _said(one)) for one in read(content).reports if (key := _key(one.serial)) is not None]
    if told:
        await hear(house, told)


def read(content: bytes) -> Reports:
    """Raises BadInput."""
    try:
        read = msgspec.json.decode(content, type=Reports)
        content.decode()
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        hint = f"send up to {MOST} reports, each with serial and state (docs/reference/partners.md)"
        raise BadInput(" ".join(str(error).split())[:200], where="reports", hint=hint) from None
    for one in read.reports:
        if one.state not in FATES:
            raise BadInput(f"{one.state!r} is no state of a report", where="reports", hint=f"one of {', '.join(FATES)}")
    return read


def _said(one: Report) -> Said:
    return Said(FATES[one.state], " ".join(one.reason.split())[:LONGEST_REASON])


def _key(serial: str) -> Key | None:
    if _SERIAL.fullmatch(serial) is None:
        return None
    identifier = UUID(serial)
    return book_of(identifier), identifier

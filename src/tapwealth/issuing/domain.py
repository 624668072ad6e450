"""Where a card may pay: how it is read, and at merchants of which categories. Data of the card, and a pure check.

A token is worth nothing outside of its domain (nor outside of its device, which its limited-use keys see to): a number that leaks cannot be
typed in, written on a stripe, or used in a shop on the net. The bank's operations set how it may be read and which categories it pays; the
customer may turn further categories off and set a limit for the card's day. Categories are merchant category codes (ISO 18245).
"""

import re

from msgspec import Struct

from tapwealth.issuing.decline import DeclineReason
from tapwealth.kernel.refusal import BadInput

CONTACTLESS, CONTACT = "07", "05"
ENTRY_MODES = {
    "01": "typed in",
    "02": "magnetic stripe",
    "03": "scanned",
    CONTACT: "by its contacts",
    CONTACTLESS: "contactless",
    "80": "magnetic stripe, since the chip was not read",
    "81": "on the net",
    "90": "magnetic stripe",
    "91": "contactless as a magnetic stripe",
}
"""Field 22, its first two digits (ISO 8583:1987)."""
MOST_CATEGORIES = 100


class Domain(Struct, frozen=True):
    """`contact`: it may be read by its contacts as well. `allowed` empty: every category that is not denied. `off` and `day_limit` (fen,
    None: no limit of one's own) are the customer's."""

    contact: bool = False
    allowed: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    off: tuple[str, ...] = ()
    day_limit: int | None = None


def entry_objection(domain: Domain, entry_mode: str) -> tuple[DeclineReason, str] | None:
    """Why a card is not read in this way."""
    if entry_mode == CONTACTLESS or (entry_mode == CONTACT and domain.contact):
        return None
    way = ENTRY_MODES.get(entry_mode, "in another way")
    ways = "contactless or by its contacts" if domain.contact else "contactless"
    return DeclineReason.ENTRY_MODE, f"read as {entry_mode} ({way}); this card is for {ways} only"


def category_objection(domain: Domain, category: str) -> tuple[DeclineReason, str] | None:
    """Why a card does not pay at merchants of this category."""
    if category in domain.denied:
        return DeclineReason.CATEGORY_DENIED, f"category {category} is denied to this card"
    if domain.allowed and category not in domain.allowed:
        return DeclineReason.CATEGORY_DENIED, f"category {category} is not among those this card is for: {', '.join(domain.allowed)}"
    if category in domain.off:
        return DeclineReason.CATEGORY_OFF, f"the customer has turned category {category} off"
    return None


def read_categories(codes: list[str], where: str) -> tuple[str, ...]:
    """Merchant category codes, each once, in order. Raises BadInput."""
    wrong = next((one for one in codes if not re.fullmatch(r"[0-9]{4}", one)), None)
    if wrong is not None:
        raise BadInput(f"{wrong[:20]!r} is no merchant category", where=where, hint="a category has 4 digits: 5812")
    return tuple(sorted(set(codes)))

"""The order in which a customer's money funds pay: at the till, and for whatever asks several of them.

Without a choice of the customer's it is the first fund that was put on the shelf alone. A fund that is left out never pays; one that its
registrar does not redeem, or that is no money fund, is passed over.
"""

from collections.abc import Mapping, Sequence
from enum import Enum, auto

from tapwealth.funds.conditions import FundKind
from tapwealth.funds.store import Fund
from tapwealth.kernel.refusal import Refusal

MOST = 8
"""So many funds at most: each that pays is a hold of its own."""


class PocketRefusal(Enum):
    """In the order in which they are checked."""

    UNKNOWN_FUND = auto()
    NOT_A_MONEY_FUND = auto()


def may_order(chosen: Sequence[str], shelf: Mapping[str, Fund]) -> Refusal | None:
    """None if these funds may pay."""
    for code in chosen:
        if code not in shelf:
            return Refusal(PocketRefusal.UNKNOWN_FUND, f"there is no fund {code[:20]} here; look at the shelf for those that are")
    for code in chosen:
        if shelf[code].kind is not FundKind.MONEY:
            text = f"{code} has a price of its own and pays nothing at once; choose money funds"
            return Refusal(PocketRefusal.NOT_A_MONEY_FUND, text)
    return None

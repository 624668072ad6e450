"""What a customer owns, on a page: everything at the end of a date they choose, by product, and how it is spread.

The figures are those of `flows.reports.assets`; nothing is reckoned here but the widths of a bar.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from starlette.responses import Response
from starlette.routing import BaseRoute

from tapwealth.flows.reports import assets
from tapwealth.flows.reports.assets import AssetLine
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.web.customer import CustomerPages
from tapwealth.web.page import in_each_language
from tapwealth.web.visit import Visit

BAR = 1_000
"""Units of the bar's width."""
GROUPS = {
    "wallet": ("钱包", "Wallet"),
    "cash": ("电子现金", "Electronic cash"),
    "fund": ("基金", "Funds"),
    "deposit": ("存款", "Deposits"),
    "wealth": ("银行理财", "Wealth products"),
    "wealth_subscribed": ("认购中", "Subscribed"),
    "under_way": ("在途", "Under way"),
}
"""What the parts of the bar are called, in their order."""


class Part(NamedTuple):
    """Of the bar: from `start`, so `wide`, of `BAR`."""

    what: str
    names: tuple[str, str]
    worth: int
    start: int
    wide: int


def asset_pages(pages: CustomerPages) -> list[BaseRoute]:
    """Routes in both languages."""
    return [*in_each_language("/assets", pages.signed(owned))]


async def owned(visit: Visit) -> Response:
    """`?date=`: at the end of that date; else as it stands."""
    house, person, asked, wrong = visit.house, str(visit.caller.person), visit.asked("date"), ""
    try:
        found = await assets(house, person, date.fromisoformat(asked) if asked else None)
    except (BadInput, ValueError):
        wrong, found = asked, await assets(house, person, None)
    assert not isinstance(found, Refusal), "who is signed in is a customer"
    values = {
        "found": found,
        "parts": parts_of(found.assets),
        "bar": BAR,
        "groups": GROUPS,
        "wrong": wrong,
        "today": not asked or wrong,
    }
    return visit.shown("assets.html", values)


def parts_of(lines: Sequence[AssetLine]) -> list[Part]:
    """Of what is worth something, by group; the widths fill the bar."""
    worth = {what: sum(one.worth for one in lines if one.what == what) for what in dict.fromkeys([*GROUPS, *(one.what for one in lines)])}
    held = [(what, amount) for what, amount in worth.items() if amount > 0]
    whole, done, made = sum(amount for _, amount in held), 0, []
    for what, amount in held:
        start, done = BAR * done // whole, done + amount
        made.append(Part(what, GROUPS.get(what, (what, what)), amount, start, BAR * done // whole - start))
    return made

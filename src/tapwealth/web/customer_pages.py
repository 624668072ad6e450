"""All pages on which a customer acts."""

from collections.abc import Mapping

from starlette.responses import Response
from starlette.routing import BaseRoute

from tapwealth.flows.frame import House
from tapwealth.web.asset_pages import asset_pages
from tapwealth.web.autopay_pages import AUTOPAY_COMMANDS, autopay_pages
from tapwealth.web.bill_pages import BILL_COMMANDS, bill_pages
from tapwealth.web.claim_pages import CLAIM_COMMANDS, claim_pages
from tapwealth.web.customer import CustomerPages
from tapwealth.web.deposit_pages import DEPOSIT_COMMANDS, deposit_pages
from tapwealth.web.page import in_each_language
from tapwealth.web.policy_buying import BUYING_COMMANDS, buying_pages
from tapwealth.web.policy_changes import CHANGE_COMMANDS, change_pages
from tapwealth.web.policy_pages import POLICY_COMMANDS, policy_pages
from tapwealth.web.posting import AddressOf, Run
from tapwealth.web.visit import AREAS, Visit
from tapwealth.web.wealth_pages import WEALTH_COMMANDS, wealth_pages

_PUBLIC = ("/bills",)
"""Areas that are everybody's."""
CUSTOMER_COMMANDS = (
    *BILL_COMMANDS,
    *AUTOPAY_COMMANDS,
    *DEPOSIT_COMMANDS,
    *POLICY_COMMANDS,
    *BUYING_COMMANDS,
    *CHANGE_COMMANDS,
    *CLAIM_COMMANDS,
    *WEALTH_COMMANDS,
)


def customer_pages(house: House, runs: Mapping[str, Run], address_of: AddressOf) -> list[BaseRoute]:
    """Routes in both languages; `runs`: the commands as the house decides them, by name."""
    pages = CustomerPages(house, runs, address_of)
    return [
        *pages.doors(),
        *bill_pages(pages),
        *autopay_pages(pages),
        *asset_pages(pages),
        *deposit_pages(pages),
        *wealth_pages(pages),
        *buying_pages(pages),
        *policy_pages(pages),
        *change_pages(pages),
        *claim_pages(pages),
        *_nowhere(pages),
    ]


def _nowhere(pages: CustomerPages) -> list[BaseRoute]:
    """Whatever else is asked for below an area: what is not there, or what a form alone is sent to, when its page is looked at anew."""

    async def nothing(visit: Visit) -> Response:
        return visit.nothing()

    return [
        route
        for area in AREAS
        for route in in_each_language(f"{area}/{{rest:path}}", pages.open(nothing) if area in _PUBLIC else pages.signed(nothing))
    ]

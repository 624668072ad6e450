"""Deposits on a customer's phone: what can be opened and at which rates, what one has, and what deposit insurance covers of it."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tapwealth.deposits.deposit import percent
from tapwealth.flows.deposits import deposit_counter, shown, worth
from tapwealth.flows.deposits.deposit_offer import INSURED
from tapwealth.web.bill_pages import who_of
from tapwealth.web.customer import CustomerPages
from tapwealth.web.page import in_each_language


def deposit_pages(pages: CustomerPages) -> list[BaseRoute]:
    """Routes in both languages."""
    deposits = Deposits(pages)
    return [*in_each_language("/deposits", deposits.listed)]


class Deposits:
    """Each method answers one form, or shows it."""

    def __init__(self, pages: CustomerPages) -> None:
        self._pages, self._house = pages, pages.house

    async def listed(self, request: Request, language: str) -> Response:
        """What they have, what is covered of it, and what can be opened."""
        session = await self._pages.session(request)
        if session is None:
            return self._pages.to_door(request, language)
        async with self._house.database.read() as tx:
            held = await shown.held(tx, *who_of(session))
            insured = await worth.insured(tx, *who_of(session))
            offered = await deposit_counter.on_offer(tx)
        values = {
            "held": [one for one in held if one.state != "closed"], "closed": [one for one in held if one.state == "closed"],
            "insured": insured, "limit": INSURED, "offered": offered, "percent": percent,
        }  # fmt: skip
        return await self._pages.shown(request, language, "deposits.html", values, session=session)

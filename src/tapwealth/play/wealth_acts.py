"""What people do in the week with a wealth product of the bank: it is put on the shelf, raised by arrival, and closes when it is full."""

from datetime import date, timedelta
from typing import Any

from tapwealth.kernel.clock import SHANGHAI, shanghai
from tapwealth.play.acts import Act, definition_of, person, put_on_sale, wanted
from tapwealth.play.stage import WentOtherwise
from tapwealth.play.week import Play

PRODUCT, DEMAND = "W62", "DEMAND"
TARGET, DAYS = 100_000_00, 62
_FULL_ON = 1
"""The day of the week, counted from 0, on which it is sold out: from the next on it earns."""


def _definition(first_day: date) -> str:
    """Raised from Tuesday to the end of Friday, if nothing fills it before."""
    window = shanghai(first_day + timedelta(days=1), 9), shanghai(first_day + timedelta(days=5))
    opens, closes = (at.astimezone(SHANGHAI).isoformat() for at in window)
    return f"""\
product: {PRODUCT}
kind: wealth_product
name: {{zh: 京华六十二天, en: Jinghua 62 days}}
parameters:
  bank: 313100000013
  target: 100000.00
  least: 50000.00
  minimum: 50000.00
  step: 10000.00
  expected: 3.96
  days: {DAYS}
  demand: {DEMAND}
eligibility: {{risk_level: 1}}
channels:
  app: {{}}
sale: {{opens: '{opens}', closes: '{closes}'}}
"""


async def offer_a_raise(play: Play) -> None:
    """One drafts the product and the demand deposit whose rate its raise earns, another approves both; the bank has terms of its own."""
    stage, begins = play.stage, play.first_day + timedelta(days=_FULL_ON + 1)
    demand = {"product": DEMAND, "form": "demand", "posted": [{"from": "2012-07-06", "rates": [{"rate": "0.35"}]}]}
    raised = {
        "product": PRODUCT, "form": "raise", "posted": [{"from": str(play.first_day), "rates": [{"rate": "3.96"}]}],
        "demand": DEMAND, "runs_from": str(begins), "runs_until": str(begins + timedelta(days=DAYS)),
    }  # fmt: skip
    await stage.partner("bank", "/admin/deposits/terms", [demand, raised])
    await put_on_sale(stage, DEMAND, definition_of(DEMAND))
    await put_on_sale(stage, PRODUCT, _definition(play.first_day))


def subscribe_wealth(number: int, amount: int, act_name: str, *, given: int | None = None) -> Act:
    """Asks for so much, and is given that, or what is left."""

    async def act(play: Play) -> Any:
        body = {"product": PRODUCT, "amount": amount, "confirmed": ["terms"]}
        said = wanted(await play.stage.command(act_name, "subscribe_wealth", body, person(play, number).device_token))
        if said["amount"] != (amount if given is None else given):
            raise WentOtherwise(f"{act_name}: {said['amount']} fen were given")
        return said

    return act


def too_late_for_wealth(number: int, amount: int, act_name: str) -> Act:
    """Hears that it is sold out."""

    async def act(play: Play) -> None:
        body = {"product": PRODUCT, "amount": amount, "confirmed": ["terms"]}
        answer = await play.stage.command(act_name, "subscribe_wealth", body, person(play, number).device_token)
        if answer.ok or answer.body.get("code") != "sold_out":
            raise WentOtherwise(f"{act_name}: it was not sold out: {answer.body.get('code')}")

    return act

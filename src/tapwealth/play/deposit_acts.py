"""What people do in the week with a fixed deposit: it comes on sale, one is opened, a part is taken out early, the bank has the rest."""

from datetime import date
from typing import Any

from tapwealth.kernel.refusal import BadInput
from tapwealth.play.acts import Act, definition_of, person, put_on_sale, terms_handed_in, wanted
from tapwealth.play.stage import WentOtherwise
from tapwealth.play.wealth_acts import DEMAND
from tapwealth.play.week import Play
from tapwealth.wire.sealed_csv import SealedCsv

PRODUCT = "FIXED"
_REGISTER = SealedCsv("deposit register", ("deposit", "balance"), ("balance",))


async def offer_deposits(play: Play) -> None:
    """One drafts the fixed deposit with its terms, another approves it; the bank has its own terms of it."""
    rates = [{"rate": "2.85", "term": "3m"}, {"rate": "3.25", "term": "1y"}]
    said = {"product": PRODUCT, "form": "fixed_term", "demand": DEMAND, "posted": [{"from": "2012-07-06", "rates": rates}]}
    await play.stage.partner("bank", "/admin/deposits/terms", [said])
    documents = await terms_handed_in(play.stage, PRODUCT, ("存款条款", "Terms"))
    await put_on_sale(play.stage, PRODUCT, definition_of(PRODUCT) + documents)


def open_deposit(number: int, amount: int, term: str, act_name: str) -> Act:
    """For a term, to be paid to the wallet when it is due."""

    async def act(play: Play) -> Any:
        body = {"product": PRODUCT, "amount": amount, "term": term, "confirmed": ["terms"]}
        return wanted(await play.stage.command(act_name, "open_deposit", body, person(play, number).device_token))

    return act


def withdraw_early(number: int, opened_by: str, amount: int, act_name: str) -> Act:
    """A part of the deposit of that scene; the rest keeps its rate and its due day."""

    async def act(play: Play) -> Any:
        opened, token = _opened(play, opened_by, act_name), person(play, number).device_token
        body = {"deposit": opened["deposit"], "amount": amount}
        wanted(await play.stage.command(act_name, "withdraw_deposit", body, token))
        seen = await play.stage.view(f"deposit/{opened['deposit']}", token=token)
        if any(seen[field] != opened[field] for field in ("rate", "due")):
            raise WentOtherwise(f"{act_name}: the rest has not kept its rate and its due day")
        taken = seen["happened"][-1]
        return {"number": seen["number"], "principal": taken["amount"], "interest": taken["interest"], "left": taken["balance"]}

    return act


def left_at_the_bank(taken_by: str, day: int, act_name: str) -> Act:
    """The bank's own register has, for that day of the week, what that scene has left in the deposit."""

    async def act(play: Play) -> Any:
        taken = play.stage.diary.notes.get(taken_by) or {}
        if "number" not in taken:
            raise WentOtherwise(f"{act_name}: nothing was taken out of a deposit")
        register = await _register(play, play.day(day))
        if register.get(taken["number"]) != taken["left"]:
            raise WentOtherwise(f"{act_name}: the bank has {register.get(taken['number'])} fen in it")
        return {"left": register[taken["number"]]}

    return act


def _opened(play: Play, opened_by: str, act_name: str) -> dict[str, Any]:
    opened: dict[str, Any] = play.stage.diary.notes.get(opened_by) or {}
    if "deposit" not in opened:
        raise WentOtherwise(f"{act_name}: there is no deposit")
    return opened


async def _register(play: Play, day: date) -> dict[str, int]:
    """By deposit its balance at the end of that day."""
    stage = play.stage
    headers = {"Authorization": f"Bearer {stage.token}"}
    answer = await stage.request("GET", f"{stage.urls['bank']}/deposits/{day}/register", headers=headers)
    if not answer.is_success:
        raise WentOtherwise(f"the bank has no register of {day}: {answer.text[:200]}")
    try:
        return {deposit: int(balance) for deposit, balance in _REGISTER.read(answer.content)}
    except BadInput as wrong:
        raise WentOtherwise(f"the bank's register of {day} cannot be read: {wrong}") from None

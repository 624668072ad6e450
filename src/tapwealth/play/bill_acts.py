"""Bills in the week: four billers come into the directory, people ask what is owed and pay it, top a phone up, and let bills be paid by
themselves."""

from typing import Any

from tapwealth.play.acts import Act, definition_of, person, put_on_sale, wanted
from tapwealth.play.stage import WentOtherwise
from tapwealth.play.week import Play

BILLERS = {"BJDL": "biller", "BJWATER": "water", "MOBILE": "carrier", "BOBCARD": "issuer"}
"""By the code of each, which is its connection's as well: the process that plays it."""
METER, SECOND_METER, THIRD_METER, SECOND_HOME = "1100234568", "1100234569", "1100234570", "1100234571"
TAP_WATER, SECOND_HOMES_WATER, CREDIT_CARD = "110023456", "110023457", "6226090000000014"
_FIRST_DIGITS = 7
"""Of a telephone number: enough to find its carrier, and nobody's."""
_PATIENCE_SECONDS = 20


async def fill_the_directory(play: Play) -> None:
    """The billers write their bills; the bank's product manager drafts each biller, and operations review and approve it."""
    for partner, bills in _owed(play).items():
        await play.stage.partner(partner, "/admin/bills", {"bills": bills})
    for code in BILLERS:
        await put_on_sale(play.stage, code, definition_of(code))


def _owed(play: Play) -> dict[str, list[dict[str, Any]]]:
    """What people owe in this week. The water's penalty grows from Tuesday on; the card is due on Saturday."""
    first, second, third = (f"*{person(play, number).name[-1]}" for number in range(3))
    home, street = {"address": "北京市朝阳区"}, {"address": "北京市海淀区"}
    power = [(METER, "201401", 186_40), (SECOND_METER, "201402", 205_15), (THIRD_METER, "201403", 97_80), (SECOND_HOME, "201402", 66_80)]
    return {
        "biller": [
            {"bill_id": f"BJDL{period}{number}", "account_number": meter, "period": period, "amount": amount, "owner": first, **home}
            for number, (meter, period, amount) in enumerate(power, 1)
        ],
        "water": [
            {"bill_id": "BJW2014021", "account_number": TAP_WATER, "period": "201402", "amount": 128_50, "owner": second,
             "due_on": str(play.day(0)), **street},
            {"bill_id": "BJW2014022", "account_number": SECOND_HOMES_WATER, "period": "201402", "amount": 38_40, "owner": third, **home},
        ],
        "issuer": [
            {"bill_id": "BOBC2014021", "account_number": CREDIT_CARD, "period": "201402", "amount": 886_40, "owner": third,
             "address": "北京银行信用卡", "due_on": str(play.day(5))},
        ],
    }  # fmt: skip


def pay_bill(number: int, biller: str, account: str, act_name: str, *, part: int = 0, late: bool = False) -> Act:
    """Asks what is owed and pays it, or so much of it; waits until the outcome is final, or known to be unknown. `late`: the biller wants
    a penalty as well."""

    async def act(play: Play) -> Any:
        stage, token = play.stage, person(play, number).device_token
        body = {"biller": biller, "account_number": account}
        presented = wanted(await stage.command(f"{act_name}: inquire", "inquire_bill", body, token))
        if len(presented["bills"]) != 1:
            raise WentOtherwise(f"{len(presented['bills'])} bills are presented, one was expected")
        (bill,) = presented["bills"]
        if late is not bool(bill["penalty"]):
            raise WentOtherwise(f"{act_name}: a penalty of {bill['penalty']} fen was not expected")
        paid = wanted(await stage.command(act_name, "pay_bill", {"bill": bill["bill"], "amount": part or bill["balance"]}, token))
        return await _outcome(play, token, paid["payment"], act_name)

    return act


def top_up(number: int, face: int, act_name: str) -> Act:
    """Finds the carrier of the customer's own number in the directory, and pays it so much in advance."""

    async def act(play: Play) -> Any:
        stage, one = play.stage, person(play, number)
        found = await stage.view(f"directory?category=top_up&prefix={one.phone[:_FIRST_DIGITS]}")
        if not isinstance(found, list) or len(found) != 1:
            raise WentOtherwise(f"{act_name}: the directory has no carrier of such numbers")
        body = {"biller": found[0]["biller"], "account_number": one.phone, "amount": face}
        paid = wanted(await stage.command(act_name, "pay_account", body, one.device_token))
        return await _outcome(play, one.device_token, paid["payment"], act_name)

    return act


async def _outcome(play: Play, token: str, payment: str, act_name: str) -> Any:
    async def look() -> Any:
        seen = await play.stage.view(f"bill/{payment}", token=token)
        return seen if seen.get("state") not in ("prepared", "sent", "unknown", None) else None

    try:
        return await play.stage.until(f"the outcome of {act_name}", look, within=_PATIENCE_SECONDS)
    except WentOtherwise:
        return {"state": "in doubt"}  # the biller stays silent: the platform goes on asking, the customer on living


def agree_autopay(number: int, biller: str, account: str, most: int, act_name: str) -> Act:
    """Bills up to so much are paid by themselves: by the wallet, and by the pocket's funds for what it lacks."""

    async def act(play: Play) -> None:
        body = {"biller": biller, "account_number": account, "most": most, "fund": "pocket"}
        wanted(await play.stage.command(act_name, "agree_autopay", body, person(play, number).device_token))

    return act


def bills_looked_after(number: int, day: int) -> Act:
    """Waits until the day's look at the bills that are paid by themselves is done, as it is whether or not anybody looks."""

    async def act(play: Play) -> Any:
        stage, token = play.stage, person(play, number).device_token

        async def look() -> Any:
            seen = await stage.view("autopays", token=token)
            own = seen if isinstance(seen, list) else []
            done = [{"paid": one["last_paid"], "how": one["last_en"]} for one in own if one["last_day"] == str(play.day(day))]
            return done if own and len(done) == len(own) else None

        return await stage.until("the day's look at the bills", look, within=_PATIENCE_SECONDS)

    return act

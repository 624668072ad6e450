"""What the registrar decides: accounts, fast transfers, purchases, redemptions. Each request gets a return code, and units move or not.

The money fund's NAV is 1.0000 and it takes no fees: units are the amount, the amount is the units. Any other fund is dealt in at the NAV
of its dealing day, and waits for it.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from tapwealth.kernel.money import apportion
from tapwealth.sandbox.registrar import dealing, raises, register, shelf, started
from tapwealth.sandbox.registrar.register import FUND_CODE, Holder, Holding, Investor
from tapwealth.sandbox.registrar.shelf import PAR

SWITCH = "036"
BUYS = ("022", "039")
"""A purchase, and one under a periodic plan that this registrar keeps by its number."""
LARGE = 10
"""A net redemption above one unit in so many of the day before is a large one."""
CANCEL_REST = "0"
"""LargeRedemptionFlag: what is left is cancelled. By default it is deferred."""


class ReturnCode(StrEnum):
    """0000 is the standard's success; the others are this registrar's own, listed in docs/reference/registrar.md."""

    SUCCESS = "0000"
    WRONG_DISTRIBUTOR = "9001"
    UNKNOWN_BUSINESS = "9002"
    UNKNOWN_ACCOUNT = "9003"
    UNKNOWN_FUND = "9004"
    NOTHING_ASKED = "9005"
    NOT_ENOUGH_UNITS = "9006"
    UNKNOWN_TARGET = "9007"
    INCOMPLETE = "9008"
    OTHER_PERSON = "9009"
    NO_PLAN = "9010"
    SOLD_OUT = "9011"
    RAISE_OVER = "9012"


REASONS = {
    ReturnCode.SUCCESS: "",
    ReturnCode.WRONG_DISTRIBUTOR: "the record names another distributor than its file",
    ReturnCode.UNKNOWN_BUSINESS: "this business is not done here",
    ReturnCode.UNKNOWN_ACCOUNT: "there is no such account, or several: name the TA account",
    ReturnCode.UNKNOWN_FUND: "this fund is not kept here",
    ReturnCode.NOTHING_ASKED: "the amount or volume is zero",
    ReturnCode.NOT_ENOUGH_UNITS: "the holder has fewer units that are free",
    ReturnCode.UNKNOWN_TARGET: "the account to transfer to is not known",
    ReturnCode.INCOMPLETE: "name, identity number or account is missing",
    ReturnCode.OTHER_PERSON: "this TA account is another person's",
    ReturnCode.NO_PLAN: "a purchase under a plan does not name the plan",
    ReturnCode.SOLD_OUT: "the raise has less left than that",
    ReturnCode.RAISE_OVER: "the raise is over",
}


@dataclass(frozen=True, slots=True)
class Entered:
    """What a switch came to in the fund that was entered: its units and NAV, and the fee for entering it."""

    units: int
    nav: int
    fee: int


@dataclass(frozen=True, slots=True)
class Decision:
    """`ta_account` as the answer names it; `units` that were confirmed, at `nav`; where a redemption is to be paid. `amount`: fen, of a
    purchase what was paid, its fee within, of a redemption what goes to the holder, its fee taken off."""

    request: sqlite3.Row
    code: ReturnCode
    ta_account: str
    units: int = 0
    payout_account: str = ""
    finished: bool = True
    """False: the rest of the request goes on with the next dealing day."""
    amount: int = 0
    fee: int = 0
    nav: int = PAR
    into: "Entered | None" = None


class Priced(NamedTuple):
    """A fund at its NAV."""

    terms: shelf.Terms
    nav: int


def decide_account(tx: sqlite3.Connection, request: sqlite3.Row, day: date) -> Decision:
    """001 opens a TA account (a person who has one keeps it); 008 lets a trading account deal under one that is named. One that came
    into being elsewhere, before this register began, is taken over by its number."""
    code = _account_code(tx, request)
    if code is not ReturnCode.SUCCESS:
        return Decision(request, code, request["ta_account"])
    ta_account = request["ta_account"] or register.ta_account_of(tx, request["identity_number"]) or register.new_ta_account(tx)
    holder = Holder(ta_account, request["trading_account"], request["distributor"])
    investor = Investor(request["name"], request["identity_number"], request["payout_account"])
    register.open_account(tx, holder, investor, day)
    return Decision(request, ReturnCode.SUCCESS, ta_account)


def _account_code(tx: sqlite3.Connection, request: sqlite3.Row) -> ReturnCode:
    if request["named_distributor"] != request["distributor"]:
        return ReturnCode.WRONG_DISTRIBUTOR
    if request["business_code"] not in ("001", "008"):
        return ReturnCode.UNKNOWN_BUSINESS
    complete = request["trading_account"] and request["name"] and request["identity_number"]
    if not complete or (request["business_code"] == "008" and not request["ta_account"]):
        return ReturnCode.INCOMPLETE
    if not register.may_have(tx, request["ta_account"], request["identity_number"]):
        return ReturnCode.OTHER_PERSON
    return ReturnCode.SUCCESS


def decide_order(tx: sqlite3.Connection, request: sqlite3.Row, day: date) -> Decision:
    """Any request of an 03 file for the money fund. Checks run in the order of `_order_code`; the first that fails gives the code."""
    holding = find(tx, request)
    code = _order_code(request, holding)
    if holding is None or code is not ReturnCode.SUCCESS:
        return Decision(request, code, request["ta_account"])
    return _DEEDS[request["business_code"]](tx, request, holding, day)


def find(tx: sqlite3.Connection, request: sqlite3.Row) -> Holding | None:
    """The holder that a request means."""
    return register.find(tx, request["distributor"], request["ta_account"], request["trading_account"], request["fund_code"])


def decide_at(tx: sqlite3.Connection, request: sqlite3.Row, day: date, dealt_on: date, fund: Priced) -> Decision:
    """A request for a fund with a NAV, at that of the dealing day `dealt_on`."""
    holding, (terms, nav) = find(tx, request), fund
    code = _order_code(request, holding, kept=request["business_code"] in (*BUYS, "024", started.CHOICE, "031", "032"))
    if holding is None or code is not ReturnCode.SUCCESS:
        return Decision(request, code, request["ta_account"], nav=nav)
    if request["business_code"] == started.CHOICE:
        if request["dividend_method"] not in (started.REINVEST, started.CASH):
            return Decision(request, ReturnCode.NOTHING_ASKED, request["ta_account"], nav=nav)
        started.choose(tx, terms.code, holding.holder, request["dividend_method"])
        return Decision(request, ReturnCode.SUCCESS, holding.holder.ta_account, nav=nav)
    if request["business_code"] in BUYS:
        got = dealing.buy(request["amount"], nav, terms, request["distributor"])
        register.move(tx, holding.holder, got.units, day, _confirmed(request), request["serial"], terms.code)
        done = Decision(request, ReturnCode.SUCCESS, holding.holder.ta_account, got.units)
        return replace(done, amount=request["amount"], fee=got.fee, nav=nav)
    if request["business_code"] != "024":
        return replace(_freeze(tx, request, holding, day), nav=nav)
    if request["volume"] > holding.available:
        return Decision(request, ReturnCode.NOT_ENOUGH_UNITS, holding.holder.ta_account, nav=nav)
    parts = register.move(tx, holding.holder, -request["volume"], day, "124", request["serial"], terms.code)
    brought = dealing.sell(parts, nav, dealt_on, terms)
    done = Decision(request, ReturnCode.SUCCESS, holding.holder.ta_account, request["volume"], holding.payout_account)
    return replace(done, amount=brought.amount, fee=brought.fee, nav=nav)


def decide_subscription(tx: sqlite3.Connection, request: sqlite3.Row, day: date, dealt_on: date) -> Decision:
    """Money for a raise, of the dealing day `dealt_on`: it is taken whole or not at all, and has units when the fund is formed."""
    holding = find(tx, request)
    code = _order_code(request, holding, kept=raises.known(tx, request["fund_code"]))
    if holding is None or code is not ReturnCode.SUCCESS:
        return Decision(request, code, request["ta_account"])
    if raises.over(tx, request["fund_code"], dealt_on):
        return Decision(request, ReturnCode.RAISE_OVER, holding.holder.ta_account)
    if request["amount"] > raises.left(tx, request["fund_code"]):
        return Decision(request, ReturnCode.SOLD_OUT, holding.holder.ta_account)
    raises.take(tx, request, holding, day)
    return Decision(request, ReturnCode.SUCCESS, holding.holder.ta_account, amount=request["amount"])


def decide_switch(tx: sqlite3.Connection, request: sqlite3.Row, day: date, dealt_on: date, out: Priced, into: Priced) -> Decision:
    """Units of the one fund into the other, at the NAVs of the dealing day `dealt_on`."""
    holding = find(tx, request)
    code = _order_code(request, holding, kept=out.terms.code != into.terms.code)
    if holding is None or code is not ReturnCode.SUCCESS:
        return Decision(request, code, request["ta_account"], nav=out.nav)
    if request["volume"] > holding.available:
        return Decision(request, ReturnCode.NOT_ENOUGH_UNITS, holding.holder.ta_account, nav=out.nav)
    parts = register.move(tx, holding.holder, -request["volume"], day, "138", request["serial"], out.terms.code)
    left = dealing.sell(parts or [(dealt_on, request["volume"])], out.nav, dealt_on, out.terms)
    got = dealing.exchange(left.amount, into.nav, out.terms, into.terms, request["distributor"])
    register.move(tx, holding.holder, got.units, day, "137", request["serial"], into.terms.code)
    done = Decision(request, ReturnCode.SUCCESS, holding.holder.ta_account, request["volume"])
    return replace(done, amount=left.amount, fee=left.fee, nav=out.nav, into=Entered(got.units, into.nav, got.fee))


def _order_code(request: sqlite3.Row, holding: Holding | None, *, kept: bool | None = None) -> ReturnCode:
    """`kept`: whether this business is done with a fund that has a NAV; None for the money fund."""
    if request["named_distributor"] != request["distributor"]:
        return ReturnCode.WRONG_DISTRIBUTOR
    if kept is False or (kept is None and request["business_code"] not in (*_DEEDS, SWITCH)):
        return ReturnCode.UNKNOWN_BUSINESS
    if holding is None:
        return ReturnCode.UNKNOWN_ACCOUNT
    if request["fund_code"] != FUND_CODE and kept is None:
        return ReturnCode.UNKNOWN_FUND
    asked = "amount" if request["business_code"] in (*BUYS, raises.SUBSCRIBE) else "volume"
    if request["business_code"] != started.CHOICE and request[asked] == 0:
        return ReturnCode.NOTHING_ASKED
    return ReturnCode.NO_PLAN if request["business_code"] == "039" and not request["plan"] else ReturnCode.SUCCESS


def _confirmed(request: sqlite3.Row) -> str:
    return f"1{request['business_code'][1:]}"


def _purchase(tx: sqlite3.Connection, request: sqlite3.Row, holding: Holding, day: date) -> Decision:
    register.move(tx, holding.holder, request["amount"], day, _confirmed(request), request["serial"])
    return _at_par(Decision(request, ReturnCode.SUCCESS, holding.holder.ta_account, request["amount"]))


def _at_par(done: Decision) -> Decision:
    return replace(done, amount=done.units)


def _redemption(tx: sqlite3.Connection, request: sqlite3.Row, holding: Holding, day: date) -> Decision:
    if request["volume"] - request["done"] > holding.available:
        return Decision(request, ReturnCode.NOT_ENOUGH_UNITS, holding.holder.ta_account)
    return _redeemed(tx, request, holding, day, request["volume"] - request["done"], finished=True)


def _redeemed(tx: sqlite3.Connection, request: sqlite3.Row, holding: Holding, day: date, units: int, *, finished: bool) -> Decision:
    register.move(tx, holding.holder, -units, day, "124", request["serial"])
    return _at_par(Decision(request, ReturnCode.SUCCESS, holding.holder.ta_account, units, holding.payout_account, finished))


def share_out(tx: sqlite3.Connection, waiting: Sequence[sqlite3.Row], day: date) -> dict[int, Decision]:
    """Redemptions of the money fund on a large-redemption day, by `seq`: a tenth of the units before it in all, pro rata; of each the rest
    goes on, or is cancelled where its flag says so. Empty on any other day, and where the manager pays in full (`limits_large`)."""
    if not register.limits_large(tx):
        return {}
    found = {one["seq"]: find(tx, one) for one in waiting}
    asked = {
        one["seq"]: one["volume"] - one["done"]
        for one in waiting
        if one["business_code"] == "024" and _order_code(one, holding := found[one["seq"]]) is ReturnCode.SUCCESS and holding
        if one["volume"] - one["done"] <= holding.available
    }
    buys = [one for one in waiting if one["business_code"] in BUYS and _order_code(one, found[one["seq"]]) is ReturnCode.SUCCESS]
    bought = sum(one["amount"] for one in buys)
    total = sum(held.units for held in register.holdings(tx))
    if (sum(asked.values()) - bought) * LARGE <= total:
        return {}
    shares = apportion(min(sum(asked.values()), -(-total // LARGE)), asked)
    decisions = {}
    for one in waiting:
        holding = found[one["seq"]]
        if one["seq"] in shares and holding is not None:
            units = shares[one["seq"]]
            finished = units == asked[one["seq"]] or one["large_flag"] == CANCEL_REST
            decisions[one["seq"]] = _redeemed(tx, one, holding, day, units, finished=finished)
    return decisions


def _fast_transfer(tx: sqlite3.Connection, request: sqlite3.Row, holding: Holding, day: date) -> Decision:
    distributor = request["target_distributor"] or request["distributor"]
    target = register.find(tx, distributor, request["target_ta_account"], request["target_trading_account"])
    if target is None or target.holder == holding.holder:
        return Decision(request, ReturnCode.UNKNOWN_TARGET, holding.holder.ta_account)
    if request["volume"] > holding.available:
        return Decision(request, ReturnCode.NOT_ENOUGH_UNITS, holding.holder.ta_account)
    register.move(tx, holding.holder, -request["volume"], day, "198", request["serial"])
    register.move(tx, target.holder, request["volume"], day, "198", request["serial"])
    return _at_par(Decision(request, ReturnCode.SUCCESS, holding.holder.ta_account, request["volume"]))


def _freeze(tx: sqlite3.Connection, request: sqlite3.Row, holding: Holding, day: date) -> Decision:
    """031 freezes, 032 sets free; either refuses more than there is to it."""
    away = request["business_code"] == "032"
    if request["volume"] > (holding.frozen if away else holding.available):
        return Decision(request, ReturnCode.NOT_ENOUGH_UNITS, holding.holder.ta_account)
    units = -request["volume"] if away else request["volume"]
    register.freeze(tx, holding.holder, units, day, _confirmed(request), request["serial"], holding.fund)
    return _at_par(Decision(request, ReturnCode.SUCCESS, holding.holder.ta_account, request["volume"]))


_DEEDS: dict[str, Callable[[sqlite3.Connection, sqlite3.Row, Holding, date], Decision]] = {
    **dict.fromkeys(BUYS, _purchase),
    "024": _redemption,
    "031": _freeze,
    "032": _freeze,
    "098": _fast_transfer,
}

"""What happens to cards in the week besides taps: cash on the card, a line that is down, goods brought back, fresh keys, a lost phone."""

from typing import Any
from uuid import UUID

from tapwealth.acquiring.till_result import VoucherOutcome
from tapwealth.acquiring.till_state import VoucherKind
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import Refusal
from tapwealth.play.acts import Act, counters, issue_card_in, person, phone, receipt_note, wanted
from tapwealth.play.devices import keep_token, new_phone_file
from tapwealth.play.stage import WentOtherwise
from tapwealth.play.wallet_phone import Phone
from tapwealth.play.week import Play

FLOOR_LIMIT = 100_00
"""Fen up to which the market's terminal lets a card approve by itself while its line is down."""


async def _card(play: Play, number: int) -> str:
    """The token of the card that the customer pays with."""
    held = await play.stage.view("tokens", token=person(play, number).device_token)
    return next(str(one["token"]) for one in reversed(held) if one["state"] == "active")


def load_cash(number: int, amount: int, act_name: str) -> Act:
    """Money from the wallet onto the card."""

    async def act(play: Play) -> dict[str, Any]:
        body = {"token": await _card(play, number), "amount": amount}
        order = wanted(await play.stage.command(act_name, "load_cash", body, person(play, number).device_token))
        device = phone(play, number)
        device.load(order)
        return {"on the card": device.cash}

    return act


def tap_offline(number: int, shop: int, amount: int, act_name: str) -> Act:
    """The shop's line is down: its terminal lets the card decide, keeps the card's proof, and tells it when the batch is settled."""

    async def act(play: Play) -> dict[str, Any]:
        counter, device, at = counters(play)[shop], phone(play, number), play.stage.now
        assert at is not None, "the clock was set before the scene"
        async with counter.till() as till:
            stored = [one for one in till.report(at).vouchers if one.kind == VoucherKind.OFFLINE_SALE and one.amount == amount]
            if stored:  # played before a kill, and not noted
                return {"outcome": VoucherOutcome.APPROVED.name, "invoice": stored[-1].invoice}
            counter.take_offline(FLOOR_LIMIT, await play.stage.view("authority"), at)
            draw = play.stage.cast.random(f"un:{act_name}")
            told = counter.read_card(device.transmit, amount, at, draw.getrandbits(32).to_bytes(4, "big"), draw.randrange(1, 10_000))
            device.leave_field()
            counter.ask_always(at)
            result = await counter.sell(till, told, amount, at)
            if till.waiting_advices == 0:
                raise WentOtherwise(f"{act_name}: the card asked its issuer instead of paying by itself")
        return receipt_note(result) | {"on the card": device.cash}

    return act


def refund(sold_by: str, shop: int, amount: int, act_name: str) -> Act:
    """Goods are brought back: the shop gives part of what the sale of that scene took."""

    async def act(play: Play) -> dict[str, Any]:
        counter, at = counters(play)[shop], play.stage.now
        assert at is not None, "the clock was set before the scene"
        invoice = str((play.stage.diary.notes.get(sold_by) or {}).get("invoice", ""))
        async with counter.till() as till:
            done = [one for one in till.report(at).vouchers if one.kind == VoucherKind.REFUND and one.amount == amount]
            if done:  # played before a kill, and not noted
                return {"outcome": VoucherOutcome.APPROVED.name, "invoice": done[-1].invoice}
            result = await till.refund(invoice, amount, at)
        if isinstance(result, Refusal) or result.outcome is not VoucherOutcome.APPROVED:
            why = result.text if isinstance(result, Refusal) else f"{result.outcome.name} {result.response_code} {result.note}"
            raise WentOtherwise(f"{act_name}: {format_minor(amount)} are not given back: {why}")
        return receipt_note(result)

    return act


def replenish(number: int, request: int, act_name: str) -> Act:
    """The phone asks for fresh keys: its request of that number."""

    async def act(play: Play) -> dict[str, Any]:
        device = phone(play, number)
        body = device.replenishment(UUID(await _card(play, number)), request)
        given = wanted(await play.stage.command(act_name, "replenish_token", body, person(play, number).device_token))
        device.replenish(given["keys"])
        return {"keys": len(given["keys"]), "taps left": device.taps_left}

    return act


def lose_phone(number: int, act_name: str) -> Act:
    """The customer calls the bank: an operator ends the phone and the cards in it."""

    async def act(play: Play) -> Any:
        body = {"phone": person(play, number).phone}
        return wanted(await play.stage.operator(act_name, "ops.chen", "report_lost_phone", body))

    return act


def sign_in_on_a_new_phone(number: int, act_name: str) -> Act:
    """With name, numbers and the code that was texted; then the new phone gets a card of its own."""

    async def act(play: Play) -> None:
        stage, one = play.stage, person(play, number)
        secret = f"{stage.cast.random(f'new phone {number}').getrandbits(256):064x}"
        who = {"name": one.name, "identity_number": one.identity_number, "phone": one.phone, "device_token": secret}
        asked = wanted(await stage.command(f"{act_name}: ask", "ask_to_sign_in", who, secret))

        async def texted() -> str:
            texts = (await stage.partner_store("identity", f"/admin/texts/{one.phone}"))["texts"]
            return "".join(letter for letter in texts[-1] if letter.isdecimal())[:6] if texts else ""

        code = await stage.until("the text with the code", texted)
        wanted(await stage.command(act_name, "sign_in", {"request": asked["request"], "code": code, "device_token": secret}, secret))
        keep_token(play.devices, number, secret)
        await issue_card_in(play, new_phone(play, number), f"{act_name}: card", secret)

    return act


def new_phone(play: Play, number: int) -> Phone:
    """The phone that comes after a lost one."""
    return Phone(new_phone_file(play.devices, number))


def told_by_text(number: int, words: str) -> Act:
    """The customer's number gets a text message with these words, whatever else comes."""

    async def act(play: Play) -> dict[str, Any]:
        stage, one = play.stage, person(play, number)

        async def texted() -> list[str]:
            came = (await stage.partner_store("messenger", f"/admin/arrived/{one.phone}"))["messages"]
            return [message["text"] for message in came if words in message["text"]]

        return {"text": (await stage.until(f"the text message about {words}", texted))[0]}

    return act

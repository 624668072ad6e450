"""What people do in the week, one function an act. An act may be repeated after a kill: its commands carry the same keys again."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from datetime import date
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from tapwealth.acquiring.till_result import VoucherOutcome, VoucherResult
from tapwealth.kernel.clock import shanghai, sleep_ms
from tapwealth.play.cast import Person
from tapwealth.play.devices import keep_token, phone_in_use
from tapwealth.play.shop import Counter
from tapwealth.play.stage import Answer, Stage, WentOtherwise
from tapwealth.play.wallet_phone import Phone
from tapwealth.play.week import Play

Act = Callable[[Play], Awaitable[Any]]

RESERVE, COLLECTION, OWN, ADVANCE = "0100000001", "0100000002", "0100000004", "0100000005"
CUSTODY, INSURER, BILLER = "0200000001", "0200000002", "0200000003"
BREAKFAST, MARKET, CHANNEL, LENDING_DESK = "0200000004", "0200000006", "0200000005", "0200000007"
CARD_NETWORK, OWNERS = "0200000008", "0200000009"
BANK_INCOME, PHONE_MAKER = "0200000010", "0200000011"
CARD_ISSUER, WATER_WORKS, CARRIER = "0200000012", "0200000013", "0200000014"
BANK_CNAPS = "313100000013"
"""The merchants' bank, which is the partner bank."""


def person(play: Play, number: int) -> Person:
    return play.stage.cast.customers[number]


def phone(play: Play, number: int) -> Phone:
    """The one that the customer has now."""
    return Phone(phone_in_use(play.devices, number))


def counters(play: Play) -> tuple[Counter, Counter]:
    """The two shops of the week."""
    draw, masters = play.stage.cast.random("terminal keys"), play.stage.cast.random("terminal master keys")

    def counter(name: str, merchant: str, terminal: str) -> Counter:
        mac_key, master_key = (one.getrandbits(128).to_bytes(16, "big") for one in (draw, masters))
        folder = play.devices / f"till-{terminal}"
        made = Counter(name, merchant, terminal, mac_key, master_key, folder, play.stage.terminal_port)
        made.furnish(play.stage.now)
        return made

    return counter("老街早点铺", "898110058120001", "11000001"), counter("万家超市", "898110054110002", "11000002")


# ---- before the week


async def set_the_stage(play: Play) -> None:
    """Partners' staff open what exists before the week: accounts and registers."""
    stage = play.stage
    from tapwealth.play.channel import MONEY  # the files take a moment to read

    others = [
        (CUSTODY, "天弘基金托管专户", 0), (INSURER, "太平洋保险", 5_000_000_00), (BILLER, "北京电力", 0), (BREAKFAST, "老街早点铺", 0),
        (CARD_ISSUER, "北京银行信用卡中心", 0), (WATER_WORKS, "北京自来水", 0), (CARRIER, "中国移动", 0),
        (BANK_INCOME, "北京银行银行卡手续费", 0), (PHONE_MAKER, "手机公司", 0), (MARKET, "万家超市", 0),
        (CHANNEL, "渠道996", MONEY), (LENDING_DESK, "北京银行垫资处", 1_000_000_00),
        (CARD_NETWORK, "银联清算", 1_000_000_00), (OWNERS, "Tapwealth 股东", 1_000_000_00),
    ]  # fmt: skip
    ours = [(RESERVE, "Tapwealth 客户备付金"), (COLLECTION, "Tapwealth 基金销售归集"), ("0100000003", "Tapwealth 保费专户"),
            (OWN, "Tapwealth 自有资金"), (ADVANCE, "Tapwealth 垫资专户"), ("0100000006", "Tapwealth 存款专户")]  # fmt: skip
    accounts = [{"number": number, "name": name, "balance": balance} for number, name, balance in others]
    accounts += [{"number": number, "name": name, "balance": 0} for number, name in ours]
    accounts += [{"number": one.card_number, "name": one.name, "balance": 200_000_00} for one in stage.cast.customers]
    await stage.partner("bank", "/admin/accounts", accounts)
    channels = ["population", "bank", "telecom", "tax", "education"]
    people = [
        {"name": one.name, "identity_number": one.identity_number, "phone": one.phone, "channels": channels} for one in stage.cast.customers
    ]
    await stage.partner("identity", "/admin/persons", {"persons": people})
    await stage.partner("insurer", "/admin/commission", {"agreements": [_agreed(*one) for one in _COMMISSION]})
    for partner, plan in play.faults.items():
        await stage.partner(partner, "/admin/faults", {"serial": "week", **plan})


_COMMISSION = [("ACC1", 200_000, 0, 0), ("TL20", 150_000, 15, 10_00), ("SCREEN", 250_000, 0, 0)]
"""What the insurer has agreed with the house: millionths of a product's premiums, and the free look with its cost."""


def _agreed(product: str, per_million: int, days: int, cost: int) -> dict[str, Any]:
    return {
        "product": product, "from_day": "2014-01-01", "per_million": per_million, "free_look_days": days, "free_look_cost": cost,
    }  # fmt: skip


async def set_up_shop(play: Play) -> None:
    """The bank's operators enrol merchants, terminals, the fund and the policies: what one makes another one approves."""
    stage = play.stage
    shops = counters(play)
    proposals = [
        ("merchant breakfast", "propose_merchant", _merchant(stage, shops[0], "5812", "91110105MA00A1B2C9", BREAKFAST, 125)),
        ("merchant market", "propose_merchant", _merchant(stage, shops[1], "5411", "91110105MA00A1B3DD", MARKET, 38)),
    ]
    for act, command, body in proposals:
        proposed = await stage.operator(f"propose {act}", "pm.zhou", command, body)
        wanted(await stage.operator(f"approve {act}", "ops.chen", "approve", {"proposal": proposed.result["proposal"]}))
    await put_on_sale(stage, "000198", _FUND)
    for product in POLICIES:
        await put_on_sale(stage, product, definition_of(product) + await terms_handed_in(stage, product, ("保险条款", "Terms")))
    for shop in shops:
        body = {"merchant_number": shop.merchant_number, "terminal_number": shop.terminal_number, "mac_key": shop.mac_key.hex()}
        body["master_key"] = shop.master_key.hex()
        wanted(await stage.operator(f"terminal {shop.terminal_number}", "ops.chen", "register_terminal", body))


def _merchant(stage: Stage, shop: Counter, category: str, credit_code: str, account: str, fee_bp: int) -> dict[str, Any]:
    representative, number = stage.cast.holder(f"representative of {shop.merchant_number}")
    return {
        "merchant_number": shop.merchant_number, "name": shop.name, "category_code": category, "credit_code": credit_code,
        "settlement_bank": BANK_CNAPS, "settlement_account": account, "representative": representative, "representative_id": number,
        "fee_bp": fee_bp,
    }  # fmt: skip


_FUND = f"""\
product: 000198
kind: money_fund
name: {{zh: 天弘余额宝货币, en: Tianhong Yu'E Bao Money Market}}
parameters: {{registrar: H0, custody_account: {CUSTODY}}}
channels:
  T01: {{own: true, minimum_purchase: 1.00, day_cap: 20000.00, holding_cap: 100000.00}}
  996: {{own: false, minimum_purchase: 0.01}}
eligibility: {{risk_level: 1}}
"""


POLICIES = ("ACC1", "TL20")


def terms_of(product: str, language: str) -> bytes:
    """What a buyer is to read, a text in UTF-8."""
    return files("tapwealth.play").joinpath(f"data/{product}.terms.{language}.txt").read_bytes()


def definition_of(product: str) -> str:
    """The file in which the bank's product managers define it."""
    return files("tapwealth.play").joinpath(f"data/{product}.yaml").read_text("utf-8")


async def terms_handed_in(stage: Stage, product: str, title: tuple[str, str]) -> str:
    """A product's terms in both languages, kept by the house, and the lines by which its definition names them."""
    lines = ["documents:"]
    for language in ("zh", "en"):
        body = {"media_type": "text/plain", "content": b64encode(terms_of(product, language)).decode()}
        kept = wanted(await stage.operator(f"terms of {product}, {language}", "pm.zhou", "add_document", body))
        lines.append(f"- {{title: {{zh: {title[0]}, en: {title[1]}}}, language: {language}, sha256: {kept['sha256']}}}")
    return "\n".join((*lines, ""))


async def put_on_sale(stage: Stage, product: str, file: str) -> None:
    """Drafted by one, reviewed and approved by the other."""
    wanted(await stage.operator(f"draft {product}", "pm.zhou", "draft_product", {"yaml": file}))
    for step in ("review", "approve"):
        body = {"product": product, "version": 1}
        wanted(await stage.operator(f"{step} {product}", "ops.chen", f"{step}_product", body))


async def fund_the_advance(play: Play) -> None:
    """The bank's lending desk fills the advance account, and the house's owners its own."""
    await _push(play.stage, "advance line", LENDING_DESK, ADVANCE, 100_000_00, "advance line")
    await _push(play.stage, "own capital", OWNERS, OWN, 1_000_00, "own capital")


async def _push(stage: Stage, act: str, payer: str, payee: str, amount: int, text: str) -> None:
    name = f"PUSH-{stage.cast.key(act).hex[-16:]}"
    body = {"from": payer, "to": payee, "amount": amount, "end_to_end_id": name, "text": text}
    await stage.partner("bank", "/admin/transfer", body)
    await stage.until(f"the receipt {name}", lambda: _receipt(stage, name))


async def _receipt(stage: Stage, name: str) -> Any:
    return (await stage.view(f"receipts/{name}", login="ops.chen")).get("found")


# ---- customers


def open_account(number: int) -> Act:
    """Opens an account and is verified over five channels."""

    async def act(play: Play) -> None:
        one = person(play, number)
        body = {"name": one.name, "identity_number": one.identity_number, "phone": one.phone, "device_token": one.device_token}
        wanted(await play.stage.command(f"open {number}", "open_account", body, one.device_token))
        keep_token(play.devices, number, one.device_token)
        await play.stage.until(f"verification of customer {number}", lambda: _is_verified(play, number))

    return act


async def _is_verified(play: Play, number: int) -> bool:
    return bool((await me(play, number)).get("level") == 3)


async def me(play: Play, number: int) -> Any:
    """What the customer sees of themself."""
    return await play.stage.view("me", token=person(play, number).device_token)


def move_in(number: int, amount: int, act_name: str) -> Act:
    """Binds the bank card, if that is still to do, and collects from it."""

    async def act(play: Play) -> None:
        stage, one = play.stage, person(play, number)
        bound = wanted(await stage.command(f"bind {number}", "bind_card", {"card_number": one.card_number}, one.device_token))
        body = {"card": bound["card"], "amount": amount}
        moved = wanted(await stage.command(act_name, "move_in", body, one.device_token))
        await _settled(play, number, moved["payment"])

    return act


async def _settled(play: Play, number: int, payment: str) -> None:
    async def look() -> bool:
        seen = await play.stage.view(f"payments/{payment}", token=person(play, number).device_token)
        return seen.get("state") in ("executed", "rejected")

    await play.stage.until(f"the bank's answer to {payment}", look, within=15)


def send(payer: int, payee: int, amount: int | None, act_name: str) -> Act:
    """Sends money to another customer by phone number; None sends all that is left."""

    async def act(play: Play) -> None:
        stage, one = play.stage, person(play, payer)
        remembered = f"{act_name}: amount"
        if amount is None and remembered not in stage.diary:
            stage.diary.write(remembered, (await me(play, payer)).get("wallet", 0))
        fen = stage.diary.notes[remembered] if amount is None else amount
        if fen:
            body = {"to_phone": person(play, payee).phone, "amount": fen}
            wanted(await stage.command(act_name, "send", body, one.device_token))
            await stage.until("money between books to arrive", lambda: _nothing_in_transit(stage))

    return act


async def _nothing_in_transit(stage: Stage) -> bool:
    return bool((await stage.view("transit", login="ops.chen")).get("undelivered") == 0)


def issue_card(number: int) -> Act:
    """The phone asks for a card and is personalised."""

    async def act(play: Play) -> None:
        await issue_card_in(play, phone(play, number), f"card {number}", person(play, number).device_token)

    return act


async def issue_card_in(play: Play, device: Phone, act_name: str, secret: str) -> None:
    """A card for that phone, which is known by that secret."""
    given = wanted(await play.stage.command(act_name, "provision_token", device.proof(), secret))
    if not device.has_card:
        device.personalise(given)


# ---- taps


WITHOUT_CONSENT = 1_000_00
"""Fen up to which a phone is held to a terminal without more ado."""


def tap(number: int, shop: int, amount: int, act_name: str, *, cheat: str = "", wanted: str = "00", lose_answer: bool = False) -> Act:
    """Holds the phone to the terminal. `cheat`: a forged or a replayed card; `lose_answer`: the line loses the host's answer."""

    async def act(play: Play) -> dict[str, Any]:
        counter, device = counters(play)[shop], phone(play, number)
        if not device.has_card:
            raise WentOtherwise(f"{act_name}: there is no card in this phone")
        await counter.catch_up()
        at = play.stage.now
        assert at is not None, "the clock was set before the scene"
        while True:
            draw = play.stage.cast.random(f"un:{act_name}")
            if amount > WITHOUT_CONSENT:
                device.consent()
            transmit = {"": device.transmit, "forged": device.forged().transmit, "replayed": device.replayed().transmit}[cheat]
            asked = counter.read_card(transmit, amount, at, draw.getrandbits(32).to_bytes(4, "big"), draw.randrange(1, 10_000))
            if lose_answer:
                lost = await counter.sell_over_a_bad_line(asked, amount, at)
                if lost is not None:
                    result = lost
                    break
                continue  # the host was away, and there was no answer to lose
            async with counter.till() as till:
                result = await counter.sell(till, asked, amount, at)
            if result.outcome in (VoucherOutcome.APPROVED, VoucherOutcome.DECLINED):
                break
            await counter.catch_up()  # the host was away: what it may have held is set free, and the customer taps again
        device.leave_field()
        code = result.response_code or ("00" if result.outcome is VoucherOutcome.APPROVED else "")  # a card that approved has no code
        if not lose_answer and code != wanted:
            raise WentOtherwise(f"{act_name}: expected response code {wanted}, got {code}")
        return receipt_note(result)

    return act


def receipt_note(result: VoucherResult) -> dict[str, Any]:
    """What the diary keeps of a voucher."""
    said = {"outcome": result.outcome.name, "response_code": result.response_code}
    return said | {"invoice": result.invoice, "receipt": str(result.receipt or "")}


async def settle_tills(play: Play) -> None:
    """The shops close their batches."""
    at = play.stage.now
    assert at is not None, "the clock was set before the scene"
    for counter in counters(play):
        async with counter.till() as till:
            _, totals = till.open_batch
        if totals.debit_count or totals.credit_count:
            await counter.settle(at)


# ---- the fund


def purchase(number: int, amount: int, act_name: str) -> Act:
    async def act(play: Play) -> Any:
        body = {"fund": "000198", "amount": amount}
        return wanted(await play.stage.command(act_name, "purchase_fund", body, person(play, number).device_token))

    return act


def redeem(number: int, units: int, act_name: str) -> Act:
    async def act(play: Play) -> Any:
        body = {"fund": "000198", "units": units}
        return wanted(await play.stage.command(act_name, "redeem_fund", body, person(play, number).device_token))

    return act


def redeem_instantly(number: int, units: int, act_name: str) -> Act:
    async def act(play: Play) -> Any:
        body = {"fund": "000198", "units": units}
        return wanted(await play.stage.command(act_name, "redeem_instantly", body, person(play, number).device_token))

    return act


def agree_sweep(number: int, act_name: str) -> Act:
    """What lies above 500.00 in the wallet goes into the fund, in hundreds, at most 1,000.00 a day, before half past two."""

    async def act(play: Play) -> None:
        body = {"fund": "000198", "keep_balance": 500_00, "minimum_lot": 100_00, "daily_cap": 1_000_00, "run_before": "14:30:00"}
        wanted(await play.stage.command(act_name, "agree_sweep", body, person(play, number).device_token))

    return act


def swept(number: int, day: int) -> Act:
    """Waits until the day's sweep is done, as it is whether or not anybody looks."""

    async def act(play: Play) -> Any:
        stage, token = play.stage, person(play, number).device_token

        async def look() -> Any:
            seen = await stage.view("sweeps", token=token)
            runs = [run for one in (seen if isinstance(seen, list) else []) for run in one["runs"] if run["day"] == str(play.day(day))]
            return {"amount": runs[0]["amount"], "state": runs[0]["state"]} if runs else None

        return await stage.until("the day's sweep", look, within=15)

    return act


def purchase_at_the_cut_off(number: int, amount: int, act_name: str) -> Act:
    """The request's head is read just before 15:00, its body arrives after: the order belongs to the day all the same.

    A platform that dies with the request in hand never took it: the customer asks again, and the order is one of that later time.
    """

    async def act(play: Play) -> Any:
        stage, content = play.stage, {"fund": "000198", "amount": amount}
        body = json.dumps(content).encode()
        writer, answering = await _head_read(play, number, act_name, len(body))
        with closing(writer), suppress(OSError):
            await stage.time(shanghai(play.day(0), 15, 0, 5))
            writer.write(body)
            head, _, said = (await answering).decode().partition("\r\n\r\n")
            if head.partition(" ")[2].startswith("200 "):
                return json.loads(said)["result"]
        return wanted(await stage.command(act_name, "purchase_fund", content, person(play, number).device_token))

    return act


async def _head_read(play: Play, number: int, act_name: str, length: int) -> tuple[asyncio.StreamWriter, asyncio.Task[bytes]]:
    """An order whose head the platform has read and whose body is still to come: where to write it, and the answer that will follow."""
    stage = play.stage
    address = urlsplit(stage.urls["platform"])
    head = (
        f"POST /commands/purchase_fund HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {person(play, number).device_token}\r\nIdempotency-Key: {stage.cast.key(act_name)}\r\n"
        f"Content-Length: {length}\r\nConnection: close\r\n\r\n"
    )
    while True:
        await stage.view("in_flight", login="ops.chen")  # answered as soon as the platform is there
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            writer.write(head.encode())
            answering = asyncio.create_task(reader.read())
            while not answering.done():
                if await _in_flight(stage):
                    return writer, answering
                await sleep_ms(10)
            writer.close()


async def _in_flight(stage: Stage) -> bool:
    return bool((await stage.view("in_flight", login="ops.chen")).get("requests"))


async def channel_opens(play: Play) -> None:
    """The other channel's holders: an 01 file with 862 applications (008), and one receipt for all its orders."""
    from tapwealth.play.channel import application_file, orders_sum  # the files take a moment to read

    stage = play.stage
    name, content = application_file(play)
    _wanted_file(await stage.hand_in(f"channel/996/files/{name}", content))
    await _push(stage, "channel receipt", CHANNEL, COLLECTION, orders_sum(play), "996 purchases")


async def channel_orders(play: Play) -> None:
    """Its orders of the day, as one 03 file."""
    from tapwealth.play.channel import order_file

    name, content = order_file(play)
    _wanted_file(await play.stage.hand_in(f"channel/996/files/{name}", content))


async def registrar_files(play: Play) -> Any:
    """Waits until the platform has taken what the registrar left this morning."""

    async def look() -> bool:
        return bool((await play.stage.view("files/pending", login="ops.chen")).get("pending") == [])

    await play.stage.until("the registrar's files to be taken", look, within=60)


# ---- insurance


def buy_policy(number: int, product: str, act_name: str) -> Act:
    """Buys a policy after reading its terms; waits for the insurer's answer."""

    async def act(play: Play) -> Any:
        stage, one = play.stage, person(play, number)
        body = {"product": product, "confirmed": ["terms"]}
        bought = wanted(await stage.command(act_name, "buy_policy", body, one.device_token))

        async def look() -> Any:
            seen = await stage.view(f"policy/{bought['policy']}", token=one.device_token)
            return {"policy": bought["policy"]} if seen.get("state") not in ("quoted", None) else None

        return await stage.until(f"the insurer's answer to {act_name}", look)

    return act


def cancel_policy(number: int, bought_by: str, act_name: str) -> Act:
    """Ends a policy and waits until the refund has arrived by the bank."""

    async def act(play: Play) -> None:
        stage, one = play.stage, person(play, number)
        policy = stage.diary.notes[bought_by].get("policy")
        if policy is None:
            raise WentOtherwise(f"{act_name}: there is no policy to cancel")
        wanted(await stage.command(act_name, "cancel_policy", {"policy": policy}, one.device_token))

        async def look() -> bool:
            return bool((await stage.view(f"policy/{policy}", token=one.device_token)).get("refund_received"))

        await stage.until(f"the refund of {act_name}", look)

    return act


# ---- the day's end


def close_day(number: int) -> Act:
    """The bank's operations close the date that is over."""

    async def act(play: Play) -> Any:
        day: date = play.day(number)
        answer = await play.stage.operator(f"close {day}", "ops.chen", "close_day", {"business_date": str(day)})
        report = wanted(answer)
        if not report["closed"]:
            play.unproved += [line for step in report["steps"].values() for line in step["wrong"]]
        return {"closed": report["closed"]}

    return act


def wanted(answer: Answer) -> Any:
    if not answer.ok:
        raise WentOtherwise(f"the platform refuses: {answer.body.get('code')}: {answer.body.get('title')}")
    return answer.result


def _wanted_file(answer: Answer) -> None:
    if answer.status not in (200, 204):
        raise WentOtherwise(f"the platform refuses the file: {answer.body.get('code')}: {answer.body.get('title')}")

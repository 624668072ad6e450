"""What HTTP answers to what is wrong: a problem in one line of the product's words, with the status that tells who must act, and nothing
posted.

The platform is the real one behind real sockets, over two played days.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import httpx
import pytest
from others_wait import others_wait
from patience import comes
from played_days import SHOP, after, stage
from product_files import FUND_FILE
from raise_files import RAISE_FILE
from served_house import PARTNER_TOKEN, PASSWORD, Doors, open_doors

from tapwealth.api.origin import read_networks
from tapwealth.app import wiring
from tapwealth.flows.customers import people
from tapwealth.kernel import tries
from tapwealth.kernel.ids import system_random
from tapwealth.storage import operators
from tapwealth.storage.embedded import EmbeddedServer
from tapwealth.storage.operators import OperatorRole

NOT_ASKED: Any = None
"""Stands for what nothing is asked of."""
NOWHERE = "0" * 32
"""An id that is nobody's."""
OPERATIONS, PRODUCTS, COMPLIANCE = "ops.chen", "pm.zhou", "ri.lin"
FOR_WHOM = {OPERATIONS: "operators of operations", PRODUCTS: "product managers", COMPLIANCE: "compliance officers"}

MERCHANT = {
    "merchant_number": "898110058120009", "name": "巷口面馆", "category_code": "5812", "credit_code": "91110000600037341L",
    "settlement_bank": "313100000013", "settlement_account": "0200000004", "representative": "钱多",
    "representative_id": "11010519491231002X", "fee_bp": 78,
}  # fmt: skip
CAMPAIGN = {
    "code": "SPRING14", "fund": "000198", "name": "新春加息", "name_en": "Spring bonus", "sponsor": "手机公司",
    "sponsor_account": "0200000011", "first_day": "2014-03-01", "last_day": "2014-03-31", "rate": 20_000, "holder_cap": 1_000,
    "total_cap": 100_000,
}  # fmt: skip
QUOTED = [
    "fund,day,income_per_10k,seven_day_yield,day_income,total_units,shadow_deviation",
    "000198,2014-02-21,1.6521,6.154,100.00,1000000.00,-0.0312",
]
ACCEPTANCE = {"business_date": "2014-02-24", "source": "bank", "kind": "amount", "item": "X-1", "reason": "the bank books it tomorrow"}
NO_CLIENT = f"cli_{NOWHERE}"
CLIENT = {"name": "Phone maker", "scopes": ["orders:read"], "secret_sha256": "0" * 64, "good_until": "2014-12-31"}
POLICY = {"product": "ACC1", "confirmed": ["terms"]}
BENEFICIARY = {"name": "赵兰", "identity_number": "11010519491231002X", "relation": "spouse"}
SWEEP = {"fund": "000198", "keep_balance": 0, "minimum_lot": 100, "daily_cap": 1000, "run_before": "14:30:00"}
GOOD: Mapping[str, tuple[str, dict[str, Any]]] = {
    "open_account": ("new", {"name": "", "identity_number": "", "phone": "", "device_token": ""}),
    "ask_to_sign_in": ("new", {"name": "", "identity_number": "", "phone": "", "device_token": ""}),
    "sign_in": ("new", {"request": NOWHERE, "code": "000000", "device_token": "a secret of a phone"}),
    "bind_card": ("me", {"card_number": "6214201234567890"}),
    "move_in": ("me", {"card": NOWHERE, "amount": 100}),
    "move_out": ("me", {"card": NOWHERE, "amount": 100}),
    "send": ("me", {"to_phone": "13800000000", "amount": 100}),
    "provision_token": ("me", {"device_key": "04", "signature": ""}),
    "replenish_token": ("me", {"token": NOWHERE, "number": 1, "counter": 0, "signature": ""}),
    "move_token": ("me", {"token": NOWHERE, "device_key": "04", "signature": ""}),
    "suspend_token": ("me", {"token": NOWHERE}),
    "resume_token": ("me", {"token": NOWHERE}),
    "delete_token": ("me", {"token": NOWHERE}),
    "load_cash": ("me", {"token": NOWHERE, "amount": 100}),
    "unload_cash": ("me", {"token": NOWHERE, "number": 1, "amount": 100, "balance": 0, "loads": 0, "mac": "00" * 8}),
    "give_mandate": ("me", {"card": NOWHERE, "per_tap": 100, "per_day": 100}),
    "revoke_mandate": ("me", {"mandate": NOWHERE}),
    "give_consent": ("me", {"client": NO_CLIENT, "scopes": ["orders:read"]}),
    "withdraw_consent": ("me", {"client": NO_CLIENT}),
    "read_notices": ("me", {"notices": [NOWHERE]}),
    "choose_notices": ("me", {"kinds": [{"kind": "fund", "push": True, "sms": False}]}),
    "limit_token": ("me", {"token": NOWHERE, "off": ["5944"], "day_limit": 100}),
    "suspend_device": ("me", {"device": NOWHERE}),
    "resume_device": ("me", {"device": NOWHERE}),
    "end_device": ("me", {"device": NOWHERE}),
    "report_lost_phone": (OPERATIONS, {"phone": "13800000000"}),
    "purchase_fund": ("me", {"fund": "000198", "amount": 100}),
    "subscribe_fund": ("me", {"fund": "000198", "amount": 100}),
    "subscribe_wealth": ("me", {"product": "W62", "amount": 5_000_000, "confirmed": ["terms"]}),
    "cancel_wealth": ("me", {"subscription": NOWHERE}),
    "assess_suitability": ("me", {"version": "2014-1", "answers": list("BBBBBBBB")}),
    "order_pockets": ("me", {"funds": ["000198"]}),
    "confirm_warning": ("me", {"fund": "000198"}),
    "redeem_fund": ("me", {"fund": "000198", "units": 100}),
    "switch_fund": ("me", {"fund": "000198", "into": "000198", "units": 100}),
    "cancel_order": ("me", {"order": NOWHERE}),
    "redeem_instantly": ("me", {"fund": "000198", "units": 100}),
    "choose_dividend_method": ("me", {"fund": "000198", "method": "cash"}),
    "agree_autopay": ("me", {"biller": "BJPOWER", "account_number": "1100234568", "most": 100}),
    "change_autopay": ("me", {"autopay": NOWHERE, "most": 100}),
    "end_autopay": ("me", {"autopay": NOWHERE}),
    "agree_sweep": ("me", SWEEP),
    "end_sweep": ("me", {"agreement": NOWHERE}),
    "agree_plan": ("me", {"fund": "000198", "amount": 100, "every": "month", "day": 31}),
    "pause_plan": ("me", {"plan": NOWHERE}),
    "resume_plan": ("me", {"plan": NOWHERE}),
    "end_plan": ("me", {"plan": NOWHERE}),
    "inquire_bill": ("me", {"biller": "BJPOWER", "account_number": "1100234568"}),
    "pay_account": ("me", {"biller": "BJPOWER", "account_number": "1100234568", "amount": 100}),
    "pay_bill": ("me", {"bill": NOWHERE, "amount": 100}),
    "buy_policy": ("me", POLICY),
    "change_occupation": ("me", {"policy": NOWHERE, "occupation": 2}),
    "change_beneficiaries": ("me", {"policy": NOWHERE, "beneficiaries": []}),
    "change_policy_address": ("me", {"policy": NOWHERE, "address": "北京"}),
    "apply_for_policy": ("me", {"product": "ACC1"}),
    "propose_underwriting": (OPERATIONS, {"application": NOWHERE, "permille": 100, "reason": "well treated"}),
    "propose_rescission": (OPERATIONS, {"policy": NOWHERE, "question": "heart", "answer": "severe", "known_on": "2014-02-24"}),
    "propose_true_age": (OPERATIONS, {"policy": NOWHERE, "birthday": "1984-01-01", "known_on": "2014-02-24"}),
    "cancel_policy": ("me", {"policy": NOWHERE}),
    "pay_premium": ("me", {"policy": NOWHERE}),
    "reinstate_policy": ("me", {"policy": NOWHERE}),
    "let_premiums": ("me", {"policy": NOWHERE, "most": 100}),
    "end_premiums": ("me", {"policy": NOWHERE}),
    "demand_premium": (OPERATIONS, {"policy": NOWHERE}),
    "dispute_tap": ("me", {"tap": NOWHERE}),
    "notify_claim": ("me", {"policy": NOWHERE, "kind": "accident", "said": "I fell", "loss_day": "2014-02-24", "loss": 100}),
    "notify_death": (OPERATIONS, {"policy": NOWHERE, "loss_day": "2014-02-24", "said": "a fall"}),
    "withdraw_claim": ("me", {"claim": NOWHERE}),
    "appeal_claim": ("me", {"claim": NOWHERE, "reason": "look again"}),
    "give_claim_back": ("me", {"claim": NOWHERE, "amount": 100}),
    "ask_claim_papers": (OPERATIONS, {"claim": NOWHERE, "papers": ["photo"]}),
    "assess_claim": (OPERATIONS, {"claim": NOWHERE, "found": 100}),
    "propose_assessment": (OPERATIONS, {"claim": NOWHERE, "found": 100}),
    "propose_guardian": (
        OPERATIONS,
        {
            "claim": NOWHERE,
            "number": 1,
            "name": "王芳",
            "identity_number": BENEFICIARY["identity_number"],
            "relation": "parent",
            "account": "6200000000000001",
            "papers": [NOWHERE],
        },
    ),
    "expect_recovery": (OPERATIONS, {"claim": NOWHERE, "expected": 100, "source": "a neighbour"}),
    "withdraw_recovery": (OPERATIONS, {"claim": NOWHERE, "pay_under": "RCV-1", "reason": "the neighbour has moved"}),
    "open_deposit": ("me", {"product": "FIXED", "amount": 5000, "confirmed": ["terms"]}),
    "pay_into_deposit": ("me", {"deposit": NOWHERE, "amount": 100}),
    "give_deposit_notice": ("me", {"deposit": NOWHERE, "amount": 100}),
    "cancel_deposit_notice": ("me", {"notice": NOWHERE}),
    "withdraw_deposit": ("me", {"deposit": NOWHERE}),
    "instruct_deposit": ("me", {"deposit": NOWHERE, "at_maturity": "keep"}),
    "propose_merchant": (OPERATIONS, MERCHANT),
    "propose_wealth_close": (PRODUCTS, {"product": "W62", "reason": "enough"}),
    "propose_wealth_yield": (PRODUCTS, {"product": "W62", "rate": 41_000, "reason": "more was earned"}),
    "propose_campaign": (PRODUCTS, CAMPAIGN),
    "propose_quotations": (OPERATIONS, {"lines": QUOTED}),
    "propose_held_quotation": (OPERATIONS, {"fund": "000198", "day": "2014-02-21", "nav": "1.0432", "stands": True}),
    "propose_acceptance": (OPERATIONS, ACCEPTANCE),
    "propose_fee_concession": (OPERATIONS, {"dispute": NOWHERE, "reason": "the network insists"}),
    "propose_token_domain": (OPERATIONS, {"token": NOWHERE, "contact": False, "allowed": [], "denied": ["7995"]}),
    "propose_client": (OPERATIONS, CLIENT),
    "propose_client_secret": (OPERATIONS, {"client": NO_CLIENT, "secret_sha256": "0" * 64, "good_until": "2014-12-31"}),
    "propose_freeze": (OPERATIONS, {"customer": NOWHERE, "fund": "000198", "units": 100, "authority": "a court", "document": "(2014) 7"}),
    "propose_unfreeze": (OPERATIONS, {"freeze": NOWHERE, "authority": "a court", "document": "(2014) 8"}),
    "propose_client_state": (OPERATIONS, {"client": NO_CLIENT, "state": "revoked", "reason": "the contract ended"}),
    "suspend_client": (OPERATIONS, {"client": NO_CLIENT, "reason": "its app was altered"}),
    "add_document": (PRODUCTS, {"media_type": "text/plain", "content": "aGVsbG8="}),
    "draft_product": (PRODUCTS, {"yaml": FUND_FILE}),
    "review_product": (PRODUCTS, {"product": "110022", "version": 1}),
    "reject_product": (PRODUCTS, {"product": "110022", "version": 1, "reason": "a typing error"}),
    "withdraw_product": (PRODUCTS, {"product": "110022", "version": 1, "reason": "not wanted any more"}),
    "approve_product": (PRODUCTS, {"product": "110022", "version": 1}),
    "close_product": (PRODUCTS, {"product": "110022", "version": 1, "reason": "sold out"}),
    "approve": (OPERATIONS, {"proposal": NOWHERE}),
    "reject": (OPERATIONS, {"proposal": NOWHERE, "reason": "the licence has run out"}),
    "propose_merchant_state": (OPERATIONS, {"merchant_number": SHOP, "state": "closed", "reason": "moved away"}),
    "suspend_merchant": (OPERATIONS, {"merchant_number": SHOP, "reason": "complaints"}),
    "list_party": (COMPLIANCE, {"list": "watch", "name": "巷口面馆", "reason": "named in the press"}),
    "delist_party": (COMPLIANCE, {"entry": NOWHERE, "reason": "another one"}),
    "enter_transport_key": (OPERATIONS, {"merchant_number": SHOP, "component": "5A" * 32, "check_value": "000000"}),
    "enrol_terminal": (OPERATIONS, {"merchant_number": SHOP, "terminal_number": "11000008"}),
    "renew_terminal_key": (OPERATIONS, {"terminal_number": "11000009", "reason": "it was opened"}),
    "change_terminal": (OPERATIONS, {"terminal_number": "11000009", "state": "suspended", "reason": "stolen"}),
    "register_terminal": (OPERATIONS, {"merchant_number": SHOP, "terminal_number": "11000009", "mac_key": "00" * 16}),
    "advance_clock": (OPERATIONS, {"now": "2014-02-26T09:00:00Z"}),
    "close_day": (OPERATIONS, {"business_date": "2014-02-26"}),
}
"""Each command with a caller who may give it, and a body of the right shape; none of them is given as it stands."""
MONEY = [name for name, (_, body) in GOOD.items() if "amount" in body]


@pytest.fixture
async def doors(database_url: str, folder: Path) -> AsyncIterator[Doors]:
    async with after(database_url, folder) as on, open_doors(on) as opened:
        yield opened


async def token_of(doors: Doors, who: str) -> str:
    match who:
        case "me":
            return doors.on.people[0].device_token
        case "new":
            return "a phone that nobody knows, with a long secret"
    return await doors.login(who)


def problem(answer: httpx.Response, status: int, code: str, *words: str) -> None:
    """The answer says no as it must: that status and code, one line that holds these words."""
    said = answer.json()
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert (answer.status_code, said["status"], said["code"], said["type"]) == (status, status, code, "about:blank"), answer.text
    line = said["title"]
    assert line == line.strip(), line
    assert "\n" not in line
    assert len(line) < 400
    assert "`" not in line, f"a decoder's words: {line}"
    assert "$" not in line, f"a decoder's words: {line}"
    assert said["retryable"] is (status == 429 or status >= 500)
    for word in words:
        assert word in line, f"{word!r} is not in {line!r}"


async def unchanged(doors: Doors, before: dict[str, int], *, remembered: int = 0) -> None:
    """No row was written, but that many remembered refusals (and the actors they name)."""
    now = await doors.rows()
    grown = {name: now[name] - before[name] for name in now if now[name] != before[name] and name != "actor"}
    assert grown == ({"command_log": remembered} if remembered else {})


async def test_every_command_is_tried_here(doors: Doors) -> None:
    answer = await doors.command("nothing", {}, await token_of(doors, "me"))
    problem(answer, 404, "unknown_command", "there is no command 'nothing'", "the reference lists them")
    near = await doors.command("bind_cards", {}, await token_of(doors, "me"))
    problem(near, 404, "unknown_command", "did you mean bind_card")
    assert set(wiring._commands(doors.on.house, NOT_ASKED, real_time=False)) == set(GOOD)


UNREADABLE: list[tuple[bytes, tuple[str, ...]]] = [
    (b"", ("body", "not JSON", "send one whole JSON object")),
    (b"{", ("body", "not JSON")),
    (b'{"a": 1', ("body", "'a'")),
    (b"{'a': 1}", ("body", "not JSON")),
    (b"\xff\xfe{\x00}", ("body", "not JSON")),
    (b'{"amount": NaN}', ("body",)),
    (b'"a"', ("body", "a text, not an object")),
    (b"null", ("body", "null, not an object")),
    (b"[" * 200_000, ("body",)),
    (b'{"strange\xe2\x80\xa8field": 1}', ("body", "strange")),
]


@contextmanager
def naming(command: str) -> Iterator[None]:
    """What fails within says of which command."""
    try:
        yield
    except AssertionError as error:
        error.add_note(f"the command is {command}")
        raise


TOGETHER = [tuple(GOOD)[place::8] for place in range(8)]
"""Commands that are tried behind the same doors: to open them takes longer than to try one."""


@pytest.mark.parametrize("names", TOGETHER, ids=lambda names: names[0])
async def test_what_cannot_be_read_is_named_and_posts_nothing(doors: Doors, names: Sequence[str]) -> None:
    for name in names:
        with naming(name):
            await what_cannot_be_read(doors, name)


async def what_cannot_be_read(doors: Doors, name: str) -> None:
    who, body = GOOD[name]
    token, before = await token_of(doors, who), await doors.rows()
    for content, words in UNREADABLE:
        problem(await doors.command(name, content, token), 400, "bad_input", *words)
    problem(await doors.command(name, {**body, "surplus": 1}, token), 400, "bad_input", "'surplus'", "there is no field")
    for field in list(body)[:1]:
        doubled = f"{{{json.dumps(field)}: {json.dumps(body[field])}, {json.dumps(body)[1:]}".encode()
        problem(await doors.command(name, doubled, token), 400, "bad_input", field, "comes twice")
    for field in body:
        problem(await doors.command(name, {**body, field: {"a": [1]}}, token), 400, "bad_input", field, "an object, not")
        less = {one: value for one, value in body.items() if one != field}
        problem(await doors.command(name, less, token), 400, "bad_input", f"'{field}' is missing")
    await unchanged(doors, before)


@pytest.mark.parametrize("names", TOGETHER, ids=lambda names: names[0])
async def test_what_surrounds_a_command_is_asked_for(doors: Doors, names: Sequence[str]) -> None:
    for name in names:
        with naming(name):
            await what_surrounds(doors, name)


async def what_surrounds(doors: Doors, name: str) -> None:
    who, body = GOOD[name]
    token, before = await token_of(doors, who), await doors.rows()
    url = f"/commands/{name}"
    bearer = {"Authorization": f"Bearer {token}"}
    problem(await doors.http.post(url, json=body, headers=bearer), 400, "bad_input", "Idempotency-Key: there is none", "send a fresh one")
    for key in ("1", "x" * 9_000, NOWHERE[1:], "ключ".encode()):
        headers = {**bearer, "Idempotency-Key": key}
        problem(await doors.http.post(url, json=body, headers=headers), 400, "bad_input", "Idempotency-Key", "is not a UUID")
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = await doors.command(name, body, token, headers={"Content-Type": kind})
        problem(answer, 415, "wrong_media_type", "Content-Type", "send JSON as application/json")
    most = wiring._commands(doors.on.house, NOT_ASKED, real_time=False)[name].most
    problem(await doors.command(name, b" " * most + b"{}", token), 413, "too_large", url, f"{most:,} bytes", "send less")
    problem(await doors.command(name, body), 401, "not_authenticated", "say who you are")
    problem(await doors.http.get(url), 405, "wrong_method", "GET", "it takes POST")
    await unchanged(doors, before)


async def test_nobody_gives_a_command_that_is_for_others(doors: Doors) -> None:
    before = await doors.rows()
    callers = {who: await token_of(doors, who) for who in ("new", "me")}
    for name, (who, body) in GOOD.items():
        for other, token in callers.items():
            if who not in (other, "new"):
                words = FOR_WHOM.get(who, "a customer's phone")
                problem(await doors.command(name, body, token), 403, "forbidden", words)
    clerk = await doors.login(OPERATIONS)
    for name in MONEY:
        problem(await doors.command(name, GOOD[name][1], clerk), 403, "forbidden", "a customer's phone")
    await unchanged(doors, before)


AMOUNTS: list[tuple[str, tuple[str, ...]]] = [
    ("-1", ("-0.01 is not above zero",)),
    ("0", ("0.00 is not above zero",)),
    ("12.345", ("a decimal, not a whole number", "fen")),
    ("12.00", ("a decimal, not a whole number", "12.50 yuan is 1250")),
    ("1e5", ("a decimal, not a whole number",)),
    ('"1e5"', ("a text, not a whole number",)),
    ('"100"', ("a text, not a whole number",)),
    ("1000000000000001", ("10,000,000,000,000.01 is above 10,000,000,000,000.00",)),
    ("9223372036854775808", ("more than 18 digits",)),
    ("1" + "0" * 5_000, ("amount",)),
    ("true", ("true or false, not a whole number",)),
    ("null", ("null, not a whole number",)),
    ("[]", ("a list, not a whole number",)),
]


async def test_an_amount_that_cannot_be_is_named(doors: Doors) -> None:
    for name in MONEY:
        with naming(name):
            await amounts_that_cannot_be(doors, name)


async def amounts_that_cannot_be(doors: Doors, name: str) -> None:
    token, before = await token_of(doors, "me"), await doors.rows()
    rest = {field: value for field, value in GOOD[name][1].items() if field != "amount"}
    for amount, words in AMOUNTS:
        body = "{" + "".join(f'"{field}": {json.dumps(value)}, ' for field, value in rest.items()) + f'"amount": {amount}' + "}"
        problem(await doors.command(name, body.encode(), token), 400, "bad_input", "amount: ", *words)
    await unchanged(doors, before)


BAD_FIELDS: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
    ("propose_merchant", {"merchant_number": "89811005812000é"}, ("merchant_number", "15 letters and digits")),
    ("propose_merchant", {"name": "  "}, ("name", "is empty")),
    ("propose_merchant", {"name": "面\x00馆"}, ("name", "cannot be seen")),
    ("propose_merchant", {"name": "面\n馆"}, ("name", "cannot be seen")),
    ("propose_merchant", {"name": "面" * 1_001}, ("name", "1,001 characters")),
    ("propose_merchant", {"category_code": "581"}, ("category_code", "4 digits")),
    ("propose_merchant", {"credit_code": "91110000600037341M"}, ("credit_code", "business licence")),
    ("propose_merchant", {"settlement_bank": "313100000014"}, ("settlement_bank", "last digit")),
    ("propose_merchant", {"settlement_account": "6214201234567890"}, ("settlement_account", "last digit does not fit")),
    ("propose_merchant", {"settlement_account": "6228120000000009"}, ("settlement_account", "not a debit card")),
    ("propose_merchant", {"representative": "x"}, ("name", "2 to 50")),
    ("propose_merchant", {"representative_id": "11010519491231002"}, ("identity number", "17 characters")),
    ("propose_merchant", {"fee_minimum": -1}, ("fee_minimum", "below zero")),
    ("propose_merchant", {"fee_cap": 10, "fee_minimum": 11}, ("fee_minimum", "above the cap")),
    ("propose_merchant_state", {"state": "suspended"}, ("state", "suspend_merchant suspends")),
    ("propose_merchant_state", {"reason": ""}, ("reason", "say why")),
    ("suspend_merchant", {"reason": " "}, ("reason", "say why")),
    ("reject", {"reason": " "}, ("reason", "say why")),
    ("list_party", {"list": "black"}, ("list", "choose one of sanctions, watch")),
    ("list_party", {"name": "..."}, ("name", "is empty")),
    ("list_party", {"reason": ""}, ("reason", "say why")),
    ("delist_party", {"reason": ""}, ("reason", "say why")),
    ("enter_transport_key", {"component": "5A"}, ("component", "64 hexadecimal digits")),
    ("enter_transport_key", {}, ("check_value", "compare each digit")),
    ("enrol_terminal", {"terminal_number": "x"}, ("terminal_number", "8 letters and digits")),
    ("renew_terminal_key", {"reason": ""}, ("reason", "say why")),
    ("change_terminal", {"reason": ""}, ("reason", "say why")),
    ("change_terminal", {"state": "lost"}, ("state", "active, suspended or closed")),
    ("propose_merchant", {"settlement_account": "02-1"}, ("settlement_account", "10 to 19 digits")),
    ("propose_merchant", {"fee_bp": 1_001}, ("fee_bp", "0.78 % is 78")),
    ("propose_merchant", {"fee_cap": 10**18}, ("fee_cap", "is above")),
    ("propose_quotations", {"lines": ["fund,day", "000198,2014-02-30"]}, ("lines, 2", "write it like 2014-02-24")),
    ("propose_quotations", {"lines": ["fund,price"]}, ("lines, 1", "name them fund, day")),
    ("propose_quotations", {"lines": [*QUOTED, QUOTED[1]]}, ("lines, 3", "stands twice")),
    ("propose_held_quotation", {"day": "then"}, ("day", "date")),
    ("propose_held_quotation", {"nav": "1,0432"}, ("nav is '1,0432'", "at most 4 decimals")),
    ("subscribe_wealth", {"amount": 0}, ("amount", "not above zero")),
    ("subscribe_wealth", {"amount": 1.5}, ("amount", "a decimal, not a whole number")),
    ("cancel_wealth", {"subscription": "x"}, ("subscription",)),
    ("propose_wealth_close", {"reason": " "}, ("reason", "say why")),
    ("propose_wealth_yield", {"rate": 1_000_000}, ("rate", "3.96 percent a year are 39600")),
    ("propose_wealth_yield", {"rate": -1}, ("rate", "3.96 percent a year are 39600")),
    ("propose_campaign", {"code": "x"}, ("code", "3 to 12 capital letters")),
    ("propose_campaign", {"rate": 0}, ("rate", "2 percent a year are 20000")),
    ("propose_campaign", {"holder_cap": 10**18}, ("holder_cap", "is above")),
    ("propose_campaign", {"last_day": "2014-02-28"}, ("last_day", "its first and its last day")),
    ("propose_fee_concession", {"reason": " "}, ("reason", "what the network has answered")),
    ("propose_token_domain", {"denied": ["x"]}, ("denied", "a category has 4 digits")),
    ("propose_client", {"name": ""}, ("name", "1 to 60")),
    ("propose_client", {"scopes": ["x"]}, ("scopes", "'x' is not known")),
    ("propose_client", {"secret_sha256": "0" * 63}, ("secret_sha256", "64 hexadecimal digits")),
    ("propose_client", {"good_until": "2014-02-23"}, ("good_until", "give a date up to")),
    ("agree_plan", {"day": 32}, ("day", "a shorter month's last day")),
    ("agree_plan", {"every": "year"}, ("every", "year")),
    ("order_pockets", {"funds": ["000198", "000198"]}, ("funds", "twice", "at most 8")),
    ("assess_suitability", {"answers": ["A"]}, ("answers", "there are 8 questions")),
    ("propose_freeze", {"authority": " "}, ("authority", "copy them from the order")),
    ("propose_unfreeze", {"document": ""}, ("document", "copy them from the order")),
    ("propose_client_state", {"state": "suspended"}, ("state", "suspend_client suspends")),
    ("suspend_client", {"reason": ""}, ("reason", "say why")),
    ("give_consent", {"scopes": []}, ("scopes", "there are funds:read")),
    ("read_notices", {"notices": [NOWHERE] * 101}, ("notices", "at most 100")),
    ("choose_notices", {"kinds": []}, ("kinds", "name kinds, or a language")),
    ("choose_notices", {"kinds": [{"kind": "fund", "push": True, "sms": False}] * 2}, ("kinds", "fund is chosen twice")),
    ("choose_notices", {"language": "fr"}, ("language", "fr")),
    ("limit_token", {"off": ["58121"]}, ("off", "a category has 4 digits")),
    ("limit_token", {"day_limit": -1}, ("day_limit", "not above zero")),
    ("propose_acceptance", {"reason": " "}, ("reason", "say what is known")),
    ("propose_acceptance", {"business_date": "x"}, ("business_date", "write it like 2014-02-24")),
    ("add_document", {"media_type": "image/png"}, ("media_type", "choose one of application/pdf")),
    ("add_document", {"media_type": "application/pdf"}, ("content", "this is no application/pdf")),
    ("draft_product", {"yaml": FUND_FILE.replace("1.5}", "1,5%}", 1)}, ("line 9, column 30", "there is no field '5%'")),
    (
        "draft_product",
        {"yaml": RAISE_FILE.replace("minimum: 1000.00", "minimum: 10000000.01")},
        ("line 8, column 12", "give a lower minimum"),
    ),
    ("draft_product", {"yaml": "a: *b"}, ("line 1, column 4", "aliases are not read")),
    ("draft_product", {"yaml": "x" * 300_000}, ("file", "262,144")),
    ("reject_product", {"reason": " "}, ("reason", "say why")),
    ("withdraw_product", {"reason": ""}, ("reason", "say why")),
    ("close_product", {"reason": ""}, ("reason", "say why")),
    ("advance_clock", {"now": "tomorrow"}, ("now", "write it like 2014-02-24T15:00:00+08:00")),
    ("advance_clock", {"now": "2014-02-27T00:00:00"}, ("now", "has no offset")),
    ("advance_clock", {"now": 5}, ("now", "not an instant like")),
    ("close_day", {"business_date": "24.2."}, ("business_date", "write it like 2014-02-24")),
    ("approve", {"proposal": "1"}, ("proposal", "is no id")),
    ("register_terminal", {"terminal_number": "1100000"}, ("terminal_number", "8 letters and digits")),
    ("register_terminal", {"mac_key": "xx"}, ("mac_key", "8 or 16 bytes in hex")),
    ("bind_card", {"card_number": "6214201234567890"}, ("card number", "last digit does not fit", "compare")),
    ("bind_card", {"card_number": "x" * 1_000}, ("card number", "12 to 20 digits")),
    ("send", {"to_phone": "1"}, ("phone number", "write the 11 digits")),
    ("inquire_bill", {"account_number": "1"}, ("户号", "10 digits")),
    ("buy_policy", {"occupation": 9}, ("occupation", "choose one of 1, 2, 3, 4, 5, 6")),
    ("buy_policy", {"premium": 1.5}, ("premium", "a decimal, not a whole number")),
    ("buy_policy", {"from_day": "2014-02-30"}, ("from_day", "write it like 2014-02-24")),
    ("buy_policy", {"confirmed": ["terms"] * 101}, ("confirmed", "101 items")),
    ("buy_policy", {"phone": {"imei": "490154203237517", "bought_on": "2014-02-24"}}, ("phone.imei", "check digit")),
    ("buy_policy", {"insured": {"relation": "cousin"}}, ("insured.relation", "'cousin' is not known")),
    ("buy_policy", {"beneficiaries": [BENEFICIARY | {"share": 9_900}]}, ("beneficiaries", "add up to 99.00 percent", "exactly 100")),
    ("buy_policy", {"answers": {"smoking": "never"}}, ("answers", "is not asked", "leave the answers out")),
    ("buy_policy", {"phone": {"imei": "490154203237518", "bought_on": "2014-03-24"}}, ("phone.bought_on", "still to come")),
    ("change_occupation", {"occupation": 7}, ("occupation", "choose one of 1, 2, 3, 4, 5, 6")),
    ("change_beneficiaries", {"beneficiaries": [BENEFICIARY | {"rank": 2}]}, ("beneficiaries", "there are ranks 2")),
    ("change_policy_address", {"address": " "}, ("address", "is empty")),
    ("apply_for_policy", {"answers": {"smoking": "never"}}, ("answers", "is not asked")),
    ("propose_underwriting", {"reason": " "}, ("reason", "say why")),
    ("propose_true_age", {"birthday": "2014-02-24"}, ("birthday", "nobody was born by then")),
    ("cancel_policy", {"reason": " "}, ("reason", "is empty")),
    ("notify_claim", {"kind": "theft"}, ("kind", "choose one of screen, payment, accident, death")),
    ("notify_claim", {"said": " "}, ("said", "what happened")),
    ("notify_claim", {"kind": "payment"}, ("tap", "dispute the payment first")),
    ("notify_claim", {"kind": "screen"}, ("imei", "*#06#")),
    ("notify_claim", {"loss": 0}, ("loss", "not above zero")),
    ("ask_claim_papers", {"papers": []}, ("papers", "nothing is asked for")),
    ("propose_guardian", {"relation": "friend"}, ("relation", "choose one of parent, grandparent, sibling, other")),
    ("propose_guardian", {"account": "62"}, ("account", "10 to 19 digits")),
    ("assess_claim", {"found": -1}, ("found", "below 0")),
    ("assess_claim", {"found": 0}, ("reason", "is empty")),
    ("expect_recovery", {"source": ""}, ("source", "is empty")),
    ("withdraw_recovery", {"reason": " "}, ("reason", "is empty")),
    ("open_deposit", {"term": "4m"}, ("term", "'4m' is not known")),
    ("open_deposit", {"at_maturity": "never"}, ("at_maturity", "is not known")),
    ("pay_into_deposit", {"amount": 0}, ("amount", "0.00 is not above zero")),
    ("give_deposit_notice", {"amount": -1}, ("amount", "-0.01 is not above zero")),
    ("withdraw_deposit", {"amount": -1}, ("amount", "-0.01 is not above zero")),
    ("instruct_deposit", {"at_maturity": ""}, ("at_maturity", "is not known")),
    ("move_in", {"card": "my card"}, ("card", "is no id")),
]


async def test_every_field_that_cannot_be_is_named(doors: Doors) -> None:
    before, tokens = await doors.rows(), {who: await token_of(doors, who) for who in {who for who, _ in GOOD.values()}}
    for name, change, words in BAD_FIELDS:
        who, body = GOOD[name]
        problem(await doors.command(name, body | change, tokens[who]), 400, "bad_input", *words)
    await unchanged(doors, before)


REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("move_in", {}, "unknown_card", "bind it first"),
    ("move_out", {}, "unknown_card", "bind it first"),
    ("send", {}, "unknown_payee", "check the number"),
    ("purchase_fund", {"fund": "000999"}, "unknown_fund", "look at the shelf"),
    ("purchase_fund", {"amount": 10**15}, "above_holding_cap", "at most"),
    ("subscribe_fund", {"fund": "000999"}, "unknown_fund", "look at the shelf"),
    ("subscribe_fund", {}, "no_raise", "buy it instead"),
    ("subscribe_wealth", {}, "unknown_product", "look at the shelf"),
    ("cancel_wealth", {}, "unknown_subscription", "look at your list"),
    ("propose_wealth_close", {}, "unknown_product", "/view/wealth"),
    ("propose_wealth_yield", {}, "unknown_product", "/view/wealth"),
    ("assess_suitability", {"version": "2013-1"}, "other_version", "answer 2014-1"),
    ("order_pockets", {"funds": ["000999"]}, "unknown_fund", "look at the shelf"),
    ("confirm_warning", {}, "not_assessed", "answer the questionnaire first"),
    ("confirm_warning", {"fund": "000999"}, "unknown_fund", "look at the shelf"),
    ("redeem_fund", {"fund": "000999"}, "unknown_fund", "look at the shelf"),
    ("redeem_fund", {"units": 10**15}, "not_enough_units", "can be redeemed"),
    ("switch_fund", {}, "same_fund", "name another fund"),
    ("switch_fund", {"fund": "000999"}, "unknown_fund", "look at the shelf"),
    ("cancel_order", {}, "unknown_order", "take its number from the answer"),
    ("choose_dividend_method", {"fund": "000999"}, "unknown_fund", "look at the shelf"),
    ("choose_dividend_method", {}, "no_choice", "there is nothing to choose"),
    ("redeem_instantly", {"fund": "000999"}, "unknown_fund", "look at the shelf"),
    ("redeem_instantly", {"fund": "pocket", "units": 10**15}, "not_enough_units", "can be redeemed; give less"),
    ("redeem_instantly", {"units": 10**15}, "not_enough_units", "can be redeemed; give less"),
    ("choose_notices", {"kinds": [{"kind": "fund", "push": True, "sms": True}]}, "no_text_messages", "leave sms off"),
    ("choose_notices", {"kinds": [{"kind": "bill", "push": False, "sms": False}]}, "must_be_told", "leave push or sms on"),
    ("agree_autopay", {"biller": "NONE"}, "unknown_biller", "choose one of BJPOWER"),
    ("agree_autopay", {"fund": "000999"}, "unknown_fund", "look at the shelf"),
    ("agree_autopay", {"card": NOWHERE}, "unknown_card", "bind it first"),
    ("change_autopay", {}, "unknown_autopay", "/view/autopays lists them"),
    ("end_autopay", {}, "unknown_autopay", "/view/autopays lists them"),
    ("agree_sweep", {"fund": "000999"}, "unknown_fund", "look at the shelf"),
    ("agree_sweep", {"fund": "pocket", "card": NOWHERE}, "unknown_card", "bind it first"),
    ("agree_sweep", {"card": NOWHERE}, "unknown_card", "bind it first"),
    ("agree_sweep", {"run_before": "15:00:01"}, "after_the_cut_off", "choose a time at or before it"),
    ("end_sweep", {}, "unknown_agreement", "/view/sweeps lists them"),
    ("agree_plan", {"fund": "000999"}, "unknown_fund", "look at the shelf"),
    ("pause_plan", {}, "unknown_plan", "/view/plans lists them"),
    ("resume_plan", {}, "unknown_plan", "/view/plans lists them"),
    ("end_plan", {}, "unknown_plan", "/view/plans lists them"),
    ("inquire_bill", {"biller": "NONE"}, "unknown_biller", "choose one of BJPOWER"),
    ("pay_account", {}, "inquiry_required", "inquire, then pay the bill"),
    ("pay_account", {"biller": "NONE"}, "unknown_biller", "choose one of BJPOWER"),
    ("pay_bill", {}, "not_presented", "inquire with its account number first"),
    ("pay_bill", {"fund": "000999"}, "unknown_fund", "look at the shelf"),
    ("buy_policy", {"product": "X"}, "unknown_product", "look at the shelf"),
    ("buy_policy", {"product": "000198"}, "unknown_product", "look at the shelf"),
    ("buy_policy", {"confirmed": []}, "terms_not_confirmed", "read and confirm them"),
    ("buy_policy", {"occupation": 3}, "occupation_not_covered", "does not cover occupation class 3"),
    ("buy_policy", {"from_day": "9999-12-31"}, "begins_when", "choose one of these days"),
    ("buy_policy", {"from_day": "0001-01-01"}, "begins_when", "choose one of these days"),
    ("buy_policy", {"phone": {"imei": "490154203237518", "bought_on": "2014-02-24"}}, "no_phone_wanted", "leave it out"),
    ("buy_policy", {"premium": -1}, "premium_differs", "760.00"),
    ("change_occupation", {}, "unknown_policy", "look at your list"),
    ("change_beneficiaries", {}, "unknown_policy", "look at your list"),
    ("change_policy_address", {}, "unknown_policy", "look at your list"),
    ("apply_for_policy", {"product": "X"}, "unknown_product", "look at the shelf"),
    ("apply_for_policy", {}, "not_referred", "buy the policy with them"),
    ("propose_underwriting", {}, "unknown_application", "/view/referrals"),
    ("propose_guardian", {}, "unknown_claim", "/view/claims lists those that are open"),
    ("propose_rescission", {}, "unknown_policy", "take its id from the customer's page"),
    ("propose_true_age", {}, "unknown_policy", "take its id from the customer's page"),
    ("cancel_policy", {}, "unknown_policy", "look at your list"),
    ("pay_premium", {}, "unknown_policy", "look at your list"),
    ("reinstate_policy", {}, "unknown_policy", "look at your list"),
    ("let_premiums", {}, "unknown_policy", "look at your list"),
    ("end_premiums", {}, "no_mandate", "nothing is agreed"),
    ("demand_premium", {}, "unknown_policy", "check its id"),
    ("dispute_tap", {}, "unknown_tap", "look at your statement"),
    ("notify_claim", {}, "unknown_policy", "look at your list"),
    ("notify_death", {}, "unknown_policy", "check its id"),
    ("withdraw_claim", {}, "unknown_claim", "look at your list"),
    ("assess_claim", {}, "unknown_claim", "/view/claims lists"),
    ("open_deposit", {}, "unknown_product", "look at the shelf"),
    ("pay_into_deposit", {}, "unknown_deposit", "look at your list"),
    ("give_deposit_notice", {}, "unknown_deposit", "look at your list"),
    ("cancel_deposit_notice", {}, "unknown_notice", "look at your deposit"),
    ("withdraw_deposit", {}, "unknown_deposit", "look at your list"),
    ("instruct_deposit", {}, "unknown_deposit", "look at your list"),
    ("draft_product", {"yaml": FUND_FILE.replace("registrar: H0", "registrar: ZD")}, "exists", "name that registrar"),
    ("draft_product", {"yaml": RAISE_FILE.replace("110022", "000999")}, "unknown_fund", "/view/funds lists"),
    ("draft_product", {"yaml": RAISE_FILE.replace("110022", "000198")}, "sold_already", "choose another fund"),
    ("review_product", {}, "unknown", "/view/products lists them"),
    ("review_product", {"version": 2**31}, "unknown", "/view/products lists them"),
    ("reject_product", {}, "unknown", "/view/products lists them"),
    ("withdraw_product", {}, "unknown", "/view/products lists them"),
    ("approve_product", {}, "unknown", "/view/products lists them"),
    ("close_product", {}, "unknown", "/view/products lists them"),
    ("approve", {}, "unknown", "/view/proposals lists those that wait"),
    ("propose_merchant", {"merchant_number": SHOP}, "exists", "choose another number"),
    ("propose_quotations", {"lines": [QUOTED[0], QUOTED[1].replace("000198", "000999")]}, "unknown_fund", "/view/funds lists"),
    ("propose_quotations", {"lines": [QUOTED[0], QUOTED[1].replace("02-21", "12-31")]}, "not_over", "when it is"),
    ("propose_quotations", {"lines": ["fund,day,day_income", "000198,2014-02-21,1"]}, "incomplete", "was never said"),
    ("propose_held_quotation", {}, "not_held", "/view/quotations/FUND"),
    ("propose_campaign", {"fund": "000999"}, "unknown_fund", "/view/funds lists"),
    ("propose_campaign", {"first_day": "2014-02-20"}, "has_begun", "let it begin after"),
    ("propose_fee_concession", {}, "no_fee_disputed", "/view/network lists"),
    ("propose_token_domain", {}, "unknown_token", "there is no such card"),
    ("give_consent", {}, "unknown_client", "its app has shown"),
    ("withdraw_consent", {}, "not_given", "/view/consents lists"),
    ("propose_client_secret", {}, "unknown_client", "/view/clients lists"),
    ("propose_freeze", {}, "unknown_holder", "take the id from the customer's page"),
    ("propose_unfreeze", {}, "not_frozen", "look at its proposal"),
    ("propose_client_state", {}, "unknown_client", "/view/clients lists"),
    ("suspend_client", {"client": "x"}, "unknown_client", "/view/clients lists"),
    ("limit_token", {}, "unknown_token", "/view/tokens lists yours"),
    ("register_terminal", {"merchant_number": "898110058120008"}, "unknown_merchant", "enrol it first"),
    ("reject", {}, "unknown", "/view/proposals lists those that wait"),
    ("propose_merchant_state", {"merchant_number": "898110058120008"}, "unknown_merchant", "enrol it first"),
    ("propose_merchant_state", {"state": "active"}, "not_from_here", "cannot become active"),
    ("suspend_merchant", {"merchant_number": "898110058120008"}, "unknown_merchant", "enrol it first"),
    ("delist_party", {}, "not_listed", "look at its id"),
    ("enrol_terminal", {}, "no_transport_key", "enter its two components first"),
    ("renew_terminal_key", {}, "unknown_terminal", "look at its terminals"),
    ("change_terminal", {}, "unknown_terminal", "look at its terminals"),
]


async def test_what_is_not_to_be_had_is_refused_and_remembered(doors: Doors) -> None:
    before, tokens = await doors.rows(), {who: await token_of(doors, who) for who in {who for who, _ in GOOD.values()}}
    for name, change, code, words in REFUSED:
        who, body = GOOD[name]
        key = uuid4()
        first = await doors.command(name, body | change, tokens[who], key)
        problem(first, 422, code, words)
        again = await doors.command(name, body | change, tokens[who], key)
        assert (again.status_code, again.json()) == (first.status_code, first.json()), "the first answer is given again"
    unremembered = 1  # an unknown biller is not even asked
    await unchanged(doors, before, remembered=len(REFUSED) - unremembered)


async def test_a_key_belongs_to_one_command_of_one_person(doors: Doors) -> None:
    me, other = (one.device_token for one in doors.on.people[:2])
    key, order = uuid4(), {"fund": "000198", "amount": 10**15}
    problem(await doors.command("purchase_fund", order, me, key), 422, "above_holding_cap")
    problem(await doors.command("purchase_fund", {**order, "amount": 100}, me, key), 409, "key_reused", "take a new key")
    problem(await doors.command("suspend_token", {"token": NOWHERE}, me, key), 409, "key_reused")
    problem(await doors.command("purchase_fund", order, other, key), 422, "above_holding_cap")


async def test_two_people_who_give_the_same_key_pay_twice(doors: Doors) -> None:
    """Their accounts lie in different books: what one command is named by must not be what the other's is."""
    key, cards = uuid4(), []
    for one in doors.on.people[:2]:
        bound = await doors.command("bind_card", {"card_number": one.card_number}, one.device_token)
        cards.append(bound.json()["result"]["card"])
    before = await doors.rows()
    paid = [
        await doors.command("move_in", {"card": card, "amount": 5_00}, one.device_token, key)
        for one, card in zip(doors.on.people[:2], cards, strict=True)
    ]
    assert len({answer.json()["result"]["payment"] for answer in paid}) == 2
    assert (await doors.rows())["payment_instruction"] == before["payment_instruction"] + 2


async def test_an_unknown_operator_and_a_wrong_password_read_the_same(doors: Doors) -> None:
    for login, password in (("nobody", "a long password"), (OPERATIONS, "a long passwore"), (OPERATIONS, "")):
        answer = await doors.http.post("/login", json={"login": login, "password": password})
        problem(answer, 401, "not_authenticated", "login or password is wrong; try again")
        assert answer.headers["www-authenticate"] == "Bearer"
    bad: list[tuple[Any, tuple[str, ...]]] = [
        ({"login": OPERATIONS}, ("'password' is missing",)),
        ({"login": OPERATIONS, "password": 1}, ("password", "a whole number, not a text")),
        ({"login": "a\x00", "password": "x"}, ("login", "cannot be seen")),
        ({"login": OPERATIONS, "password": "x", "role": "x"}, ("there is no field 'role'",)),
        ([], ("a list, not an object",)),
    ]
    for body, words in bad:
        problem(await doors.http.post("/login", json=body), 400, "bad_input", *words)
    kind = {"Content-Type": "application/json"}
    problem(await doors.http.post("/login", content=b'{"login": "\\ud800", "password": "x"}', headers=kind), 400, "bad_input", "not JSON")
    problem(await doors.http.post("/login", content=b" " * 5_000, headers=kind), 413, "too_large", "4,096 bytes")
    problem(await doors.http.post("/login", content=b"{}"), 415, "wrong_media_type")


async def test_wrong_passwords_make_who_sends_them_wait_by_either_way_in_and_nobody_elsewhere(doors: Doors) -> None:
    right = {"login": PRODUCTS, "password": PASSWORD}

    async def login(given: dict[str, str], origin: str) -> httpx.Response:
        return await behind.http.post("/login", json=given, headers={"X-Forwarded-For": origin})

    async def sign_in(path: str) -> httpx.Response:
        return await behind.http.post(path, data=right, headers={"X-Forwarded-For": "198.51.100.1"})

    async with open_doors(doors.on, proxies=read_networks(["127.0.0.1"])) as behind:
        wrong = [await login(right | {"password": f"guess {number}"}, "198.51.100.1") for number in range(tries.FREE + 1)]
        assert [one.status_code for one in wrong] == [401] * tries.FREE + [429]
        problem(wrong[-1], 429, "slow_down", "try again in", "second")
        assert wrong[-1].headers["retry-after"] == "1"
        chinese, english = await sign_in("/sign-in"), await sign_in("/en/sign-in")
        assert [one.status_code for one in (chinese, english)] == [429, 429], "the right one too, by the other way in"
        assert "请等 1 秒再试" in chinese.text
        assert "try again in 1 second" in english.text
        assert (chinese.headers["retry-after"], "set-cookie" in chinese.headers) == ("1", False)
        elsewhere, another = await login(right, "198.51.100.2"), await login(right | {"login": OPERATIONS}, "198.51.100.1")
        assert [one.status_code for one in (elsewhere, another)] == [200, 200], "strangers lock nobody out"
        async with comes("the end of the wait"):
            while (await sign_in("/sign-in")).status_code == 429:
                await asyncio.sleep(0.1)
        assert (await login(right, "198.51.100.1")).status_code == 200


async def test_a_role_is_needed_and_a_second_person(doors: Doors) -> None:
    house = doors.on.house
    async with house.database.transaction() as tx:
        known = await operators.stored(tx, OPERATIONS)
        assert known is not None
        for login, role in (("ops.only", OperatorRole.OPERATIONS), ("pm.only", OperatorRole.PRODUCT_MANAGER)):
            await operators.create(tx, system_random(), login, login, [role], known[1], doors.on.now)
    clerk, manager, other = await doors.login("ops.only"), await doors.login("pm.only"), await doors.login(OPERATIONS)
    problem(await doors.command("draft_product", {"yaml": FUND_FILE}, clerk), 403, "forbidden", "product managers")
    problem(await doors.command("propose_merchant", MERCHANT, manager), 403, "forbidden", "operators of operations")
    problem(await doors.command("close_day", {"business_date": "2014-02-26"}, manager), 403, "forbidden", "operators of operations")
    proposal = (await doors.command("propose_merchant", MERCHANT, clerk)).json()["result"]["proposal"]
    problem(await doors.command("approve", {"proposal": proposal}, clerk), 422, "same_person", "a second person must decide it")
    before = await doors.rows()
    assert (await doors.command("approve", {"proposal": proposal}, other)).json()["result"] == {"kind": "ProposeMerchant"}
    assert (await doors.rows())["merchant"] == before["merchant"] + 1
    problem(await doors.command("approve", {"proposal": proposal}, other), 422, "already_decided", "make a new proposal")


async def test_what_exists_by_then_is_not_made_again(doors: Doors) -> None:
    """Two proposals of the same merchant: the second approval is refused, and leaves the proposal undecided."""
    mine, other = await doors.login(OPERATIONS), await doors.login(PRODUCTS)
    wanted = MERCHANT | {"merchant_number": "898110058120077"}
    twice = [(await doors.command("propose_merchant", wanted, mine)).json()["result"]["proposal"] for _ in range(2)]
    assert (await doors.command("approve", {"proposal": twice[0]}, other)).status_code == 200
    problem(await doors.command("approve", {"proposal": twice[1]}, other), 422, "exists", "choose another number")


async def test_a_phone_number_and_a_phone_belong_to_one_person(doors: Doors) -> None:
    one, known = doors.on.people[2], doors.on.people[0]
    opening = {"name": one.name, "identity_number": one.identity_number, "phone": one.phone, "device_token": one.device_token}
    before = await doors.rows()
    for change, code in (
        ({"identity_number": known.identity_number}, "identity_in_use"),
        ({"phone": known.phone}, "phone_in_use"),
        ({"device_token": known.device_token}, "device_in_use"),
    ):
        problem(await doors.command("open_account", opening | change, "new"), 422, code)
    for change, words in (
        ({"name": ""}, ("name", "2 to 50")),
        ({"identity_number": one.identity_number[:-1]}, ("identity number", "17 characters")),
        ({"phone": "+1 2025550100"}, ("phone number", "mainland China")),
        ({"device_token": "short"}, ("device_token", "5 characters")),
    ):
        answer = await doors.command("open_account", opening | change, "new")
        problem(answer, 400, "bad_input", *words)
        assert not any(secret in answer.text for secret in (one.name, one.identity_number[:-1], one.phone)), "nothing is repeated"
    await unchanged(doors, before, remembered=3)


async def test_two_who_ask_for_one_phone_number_at_once_are_told_apart(doors: Doors) -> None:
    """The number is looked for before it is taken; who comes second to it is refused, not failed."""
    one, known = doors.on.people[2], doors.on.people[0]
    both = [
        {"name": one.name, "identity_number": number, "phone": "13900139000", "device_token": f"{number} has a phone of its own"}
        for number in (one.identity_number, "110105199001011230")
    ]
    assert known.phone != "13900139000"
    house = doors.on.house
    taken = house.keys.lookup_hash("phone", "13900139000")
    async with house.database.transaction() as tx:  # another's opening, not committed yet
        await tx.execute("insert into phone_directory (phone_lookup, book, person) values ($1, 1, $2)", taken, doors.on.callers[0].person)
        waiting = asyncio.create_task(doors.command("open_account", both[0], "new"))
        await others_wait(tx)
    problem(await waiting, 422, "phone_in_use", "give another number")
    caller = await people.caller_of_device(house, both[0]["device_token"])
    assert caller is not None
    assert caller.person is None, "a refused opening enrols no phone"


async def test_the_clock_and_the_dates_cannot_be_spoilt(doors: Doors) -> None:
    clerk, before = await doors.login(OPERATIONS), await doors.rows()
    for now, code, words in (
        ("2014-01-01T00:00:00Z", "backwards", "only goes forward"),
        ("9999-12-31T23:59:59Z", "too_far", "move it in steps"),
        ("2014-04-30T00:00:00Z", "too_far", "2014-03-29"),
    ):
        problem(await doors.command("advance_clock", {"now": now}, clerk), 422, code, words)
    for day, code, words in (
        ("2014-02-26", "not_over", "ends at 24:00"),
        ("9999-12-31", "not_over", "ends at 24:00"),
        ("2014-02-23", "before_the_first", "2014-02-24"),
        ("0001-01-01", "before_the_first", "2014-02-24"),
    ):
        problem(await doors.command("close_day", {"business_date": day}, clerk), 422, code, words)
    await unchanged(doors, before)


async def test_a_closed_date_stays_as_it_was_closed(doors: Doors) -> None:
    """The bank says something else afterwards: that is no news of a closed date."""
    clerk, before = await doors.login(OPERATIONS), await doors.rows()
    doors.on.bank.wrong["0100000001", doors.on.now.date().replace(day=24)] = 1
    answer = await doors.command("close_day", {"business_date": "2014-02-24"}, clerk)
    assert answer.json()["result"]["closed"] is True
    assert answer.json()["result"]["steps"]["prove mirrors"]["wrong"] == []
    await unchanged(doors, before)


VIEWS: list[tuple[str, str, int, str, tuple[str, ...]]] = [
    ("day/x", "", 400, "bad_input", ("date", "write it like 2014-02-24")),
    ("day/2014-13-01", "", 400, "bad_input", ("date", "write it like")),
    ("day/9999-12-31", "", 422, "unknown", ("nothing was done", "/view/days")),
    ("break/2013-01-01", "", 422, "unknown", ("nothing was done",)),
    ("merchant/%00", "", 400, "bad_input", ("number", "cannot be seen")),
    ("merchant/x", "", 422, "unknown", ("no merchant 'x'", "15 characters")),
    ("customer/me", "", 403, "not_yours", ("sign in",)),
    ("customer/999", "me", 403, "not_yours", ("sign in",)),
    ("customer/999", OPERATIONS, 422, "unknown", ("no such customer",)),
    ("customer/nobody", OPERATIONS, 400, "bad_input", ("phone number",)),
    (f"statement/{'9' * 900}", OPERATIONS, 400, "bad_input", ("phone number", "too long")),
    (f"statement/{'9' * 1_100}", OPERATIONS, 400, "bad_input", ("person", "1,100 characters")),
    ("statement/13800000000", OPERATIONS, 422, "unknown", ("no such customer",)),
    ("assets/1?date=24.2.", OPERATIONS, 400, "bad_input", ("write it like 2014-02-24",)),
    ("assets/1?date=2099-02-24", OPERATIONS, 400, "bad_input", ("has not come yet",)),
    ("assets/13800000000", OPERATIONS, 422, "unknown", ("no such customer",)),
    ("payments/x", "me", 400, "bad_input", ("id", "take it from the answer")),
    (f"payments/{NOWHERE}", "me", 422, "unknown", ("check its id",)),
    (f"bill/{NOWHERE}", "me", 422, "unknown", ("check its id",)),
    (f"policy/{NOWHERE}", "me", 422, "unknown", ("check its id",)),
    ("me", OPERATIONS, 403, "not_yours", ("belongs to a customer",)),
    ("notices?before=x", "me", 400, "bad_input", ("before", "the last one shown")),
    ("notices", "new", 403, "not_yours", ("belongs to a customer",)),
    ("notice_preferences", OPERATIONS, 403, "not_yours", ("belongs to a customer",)),
    ("notice_deliveries", "me", 403, "not_yours", ("operators",)),
    ("pockets", OPERATIONS, 403, "not_yours", ("belongs to a customer",)),
    ("tokens", OPERATIONS, 403, "not_yours", ("belongs to a customer",)),
    ("consents", OPERATIONS, 403, "not_yours", ("belongs to a customer",)),
    ("clients", "me", 403, "not_yours", ("operators",)),
    ("quotations/000198?from=2014-02-01&to=2014-02-24", "me", 403, "not_yours", ("operators",)),
    ("quotations/000198", OPERATIONS, 400, "bad_input", ("date", "write it like")),
    ("quotations/000198?from=2014-02-01&to=2014-02-24&at=noon", OPERATIONS, 400, "bad_input", ("at", "write it like")),
    ("quotations/999999?from=2014-02-01&to=2014-02-24", OPERATIONS, 422, "unknown_fund", ("/view/funds",)),
    ("campaigns", "me", 403, "not_yours", ("operators",)),
    ("files", "me", 403, "not_yours", ("operators",)),
    ("files?date=x", OPERATIONS, 400, "bad_input", ("date", "write it like")),
    ("files?date=%00", OPERATIONS, 400, "bad_input", ("date", "cannot be seen")),
    ("files/pending", "", 403, "not_yours", ("operators",)),
    ("proposals", "me", 403, "not_yours", ("operators",)),
    ("receipts/%00", OPERATIONS, 400, "bad_input", ("id", "cannot be seen")),
    ("receipts/x", "me", 403, "not_yours", ("operators",)),
    ("fees/2014-02-24", "me", 403, "not_yours", ("operators",)),
    ("fees/x", OPERATIONS, 400, "bad_input", ("date", "write it like")),
    ("network/2014-02-24", "me", 403, "not_yours", ("operators",)),
    ("network/x", OPERATIONS, 400, "bad_input", ("date", "write it like")),
    ("transit", "", 403, "not_yours", ("operators",)),
    ("in_flight", "me", 403, "not_yours", ("operators",)),
]


async def test_a_view_says_what_it_cannot_show(doors: Doors) -> None:
    before, tokens = await doors.rows(), {who: await token_of(doors, who) for who in ("me", "new", OPERATIONS)}
    for path, who, status, code, words in VIEWS:
        headers = {"Authorization": f"Bearer {tokens[who]}"} if who else {}
        problem(await doors.http.get(f"/view/{path}", headers=headers), status, code, *words)
    await unchanged(doors, before)


async def test_where_nothing_is_and_what_is_not_taken_there(doors: Doors) -> None:
    for path in ("/nothing", "/view/nothing", "/partner/nothing", "/static/none.css", "/en/x", f"/{'x' * 2_000}"):
        problem(await doors.http.get(path), 404, "unknown_path", "there is nothing at '/")
    for method, path, takes in (
        ("GET", "/login", "POST"), ("PUT", "/login", "POST"), ("POST", "/view/week", "GET"), ("DELETE", "/", "GET"), ("POST", "/en", "GET"),
        ("GET", "/partner/bank/messages", "POST"),
    ):  # fmt: skip
        answer = await doors.http.request(method, path)
        problem(answer, 405, "wrong_method", method, takes)
        assert takes in answer.headers["allow"]


async def test_the_page_shows_somebody_whatever_is_asked(doors: Doors) -> None:
    for query in ("?customer=99", "?customer=%00", "?customer=<script>", "?customer=" + "9" * 5_000, "?lang=xx", "?still=" + "x" * 5_000):
        answer = await doors.http.get(f"/{query}")
        assert answer.status_code == 200
        assert "*超" in answer.text
        assert "<script" not in answer.text


async def test_a_partner_is_told_what_is_wrong_with_its_message(doors: Doors) -> None:
    before = await doors.rows()
    partner = {"Authorization": f"Bearer {PARTNER_TOKEN}"}
    for token in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Bearer"}, {"Authorization": "Bearer é".encode()}):
        answer = await doors.http.post("/partner/bank/messages", content=b"<x/>", headers=token)
        problem(answer, 401, "not_authenticated", "the partner's token")
    bare = await doors.http.post("/partner/bank/messages", content=b"<x/>", headers={"Authorization": PARTNER_TOKEN})
    problem(bare, 401, "not_authenticated", "the partner's token")
    lower = await doors.http.post("/partner/bank/messages", content=b"<x/>", headers={"Authorization": f"bearer {PARTNER_TOKEN}"})
    problem(lower, 400, "bad_input", "no message known here")
    for content, words in (
        (b"", "send it again whole"),
        (b"<x/>", "no message known here"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "DTD"),
    ):
        problem(await doors.http.post("/partner/bank/messages", content=content, headers=partner), 400, "bad_input", words)
    for name, words in (
        ("x", "name it like OFD_996_H0_20170427_03.TXT"),
        ("OFD_996_H0_20170427_03.TXT", "line 1"),
        ("OFD_997_H0_20170427_03.TXT", "made by 997"),
        ("OFD_996_H0_20170427_99.TXT", "send 01 or 03"),
        ("%00", "file name"),
    ):
        problem(await doors.http.post(f"/partner/channel/996/files/{name}", content=b"x", headers=partner), 400, "bad_input", words)
    await unchanged(doors, before)


async def test_a_house_without_a_partners_token_takes_nothing(on_without_token: Doors) -> None:
    for headers in ({}, {"Authorization": "Bearer"}, {"Authorization": ""}):
        answer = await on_without_token.http.post("/partner/bank/messages", content=b"<x/>", headers=headers)
        problem(answer, 401, "not_authenticated")


@pytest.fixture
async def on_without_token(database_url: str, folder: Path) -> AsyncIterator[Doors]:
    async with after(database_url, folder) as on, open_doors(on, token="") as opened:
        yield opened


async def test_a_clock_that_follows_the_machine_is_not_moved(database_url: str, folder: Path) -> None:
    async with after(database_url, folder) as on, open_doors(on, real_time=True) as doors:
        answer = await doors.command("advance_clock", {"now": "2014-02-26T09:00:00Z"}, await doors.login(OPERATIONS))
        problem(answer, 422, "real_time", "only a test clock is moved")


async def take_away(server: EmbeddedServer, url: str) -> None:
    """Nobody is let into that database any more, and who is in it is shown out."""
    name = urlsplit(url).path.removeprefix("/")
    connection = await asyncpg.connect(server.dsn())
    try:
        await connection.execute(f"alter database {name} with allow_connections false")
        await connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name)
    finally:
        await connection.close()


async def test_an_outage_says_so_and_that_one_may_ask_again(server: EmbeddedServer, new_database: Any, tmp_path: Path) -> None:
    """The database goes away under the house: every door says 503, in one line."""
    url = new_database()
    async with stage(url, tmp_path, 3) as on, open_doors(on) as doors:
        await on.set_up()
        token = await doors.login(OPERATIONS)
        await take_away(server, url)
        for answer in (
            await doors.command("suspend_token", {"token": NOWHERE}, "a phone"),
            await doors.command("close_day", {"business_date": "2014-02-24"}, token),
            await doors.http.get("/view/week"),
            await doors.http.post("/login", json={"login": "x", "password": "y"}),
        ):
            problem(answer, 503, "outage", "the database")
            assert answer.headers["retry-after"] == "1"
        page = await doors.http.get("/")
        assert page.status_code == 503
        assert "http-equiv" in page.text, "it looks again by itself"

"""/v1 as partners' programs meet it: who may, once and only once, problems, lists. The platform is the real one behind real sockets, over
two played days.
"""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from api_client import SCOPES, ApiClient, account_of, let_in, money, money_in_the_wallet, problem
from others_wait import others_wait
from patience import comes
from played_days import after
from served_house import Doors, open_doors

from tapwealth.api.commands import Gate
from tapwealth.api.origin import read_networks
from tapwealth.api.v1.catalogue import CATALOGUE
from tapwealth.api.v1.edge import Edge
from tapwealth.api.v1.operation import Operation
from tapwealth.flows.customers.clients import Bearer, Tokens
from tapwealth.flows.funds import plans
from tapwealth.flows.v1.shapes import Fund, NewPayment, Payment
from tapwealth.funds.instant import InstantRefusal
from tapwealth.kernel import tries
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import book_of, system_random, unprefixed
from tapwealth.kernel.refusal import Outage, Refusal
from tapwealth.ledger.audit import audit_snapshot
from tapwealth.storage import platform_clock
from tapwealth.storage.clients import Scope

NOTHING: Any = None
AS_SENT = b'{"type": "purchase", "fund": "000198", "amount": {"currency": "CNY", "amount": 1000}}'
REORDERED = b' {"amount": {"currency": "CNY", "amount": 1000}, "fund": "000198", "type": "purchase"}'
NOBODY, NO_CARD = f"acc_{'0' * 32}", f"bac_{'0' * 32}"


@pytest.fixture
async def doors(database_url: str, folder: Path) -> AsyncIterator[Doors]:
    async with after(database_url, folder) as on, open_doors(on) as opened:
        yield opened


@pytest.fixture
async def client(doors: Doors) -> ApiClient:
    made = await let_in(doors)
    await made.sign_in()
    return made


async def card_of(client: ApiClient, account: str) -> str:
    card: str = (await client.get(account)).json()["bank_cards"][0]["id"]
    return card


def purchase(fen: int, **more: Any) -> dict[str, Any]:
    return {"type": "purchase", "fund": "000198", "amount": money(fen), **more}


def payment(direction: str, card: str, fen: int) -> dict[str, Any]:
    return {"direction": direction, "bank_card": card, "amount": money(fen)}


async def test_a_token_is_given_by_basic_or_by_the_body(doors: Doors, client: ApiClient) -> None:
    form = {"grant_type": "client_credentials", "scope": "orders:read"}
    for answer in (
        await client.get_token(scope="orders:read"),
        await doors.http.post("/v1/oauth/token", data=form | {"client_id": client.id, "client_secret": client.secret}),
        await doors.http.post("/v1/oauth/token", data=form | {"unknown": "is left alone"}, auth=(client.id, client.secret)),
    ):
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        assert {name: answer.json()[name] for name in ("token_type", "expires_in", "scope")} == {
            "token_type": "Bearer", "expires_in": 3600, "scope": "orders:read",
        }  # fmt: skip


async def test_a_token_is_refused_in_the_words_of_the_standard(doors: Doors, client: ApiClient) -> None:
    path, right, grant = "/v1/oauth/token", (client.id, client.secret), {"grant_type": "client_credentials"}
    credentials = {"client_id": client.id, "client_secret": client.secret}
    asked: list[tuple[dict[str, Any], int, str]] = [
        ({"data": grant, "auth": (client.id, "x" * 64)}, 401, "invalid_client"),
        ({"data": grant, "auth": ("cli_x", client.secret)}, 401, "invalid_client"),
        ({"data": grant}, 401, "invalid_client"),
        ({"data": grant | {"client_id": client.id}}, 401, "invalid_client"),
        ({"data": grant, "headers": {"Authorization": "Basic é".encode("latin-1")}}, 401, "invalid_client"),
        ({"data": grant, "headers": {"Authorization": f"Basic {base64.b64encode(b'nocolon').decode()}"}}, 401, "invalid_client"),
        ({"data": grant | credentials, "auth": right}, 400, "invalid_request"),
        ({"data": {"scope": "orders:read"}, "auth": right}, 400, "invalid_request"),
        ({"data": {"grant_type": "password"}, "auth": right}, 400, "unsupported_grant_type"),
        ({"data": grant | {"scope": "orders:read everything"}, "auth": right}, 400, "invalid_scope"),
    ]
    for request, status, error in asked:
        answer = await doors.http.post(path, **request)
        assert (answer.status_code, answer.json()["error"]) == (status, error), (request, answer.text)
        assert ("www-authenticate" in answer.headers) is (status == 401)
        assert client.secret not in answer.text
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (b"grant_type=client_credentials&grant_type=client_credentials", b"grant_type", b"\xff=1", b"grant_type=%ff"):
        answer = await doors.http.post(path, content=body, headers=form, auth=right)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), answer.text
    problem(await doors.http.post(path, json=grant, auth=right), "wrong_media_type")
    problem(await doors.http.post(path, content=b"a=" + b"x" * (1 << 16), headers=form, auth=right), "too_large")
    wrong_method = await doors.http.get(path, auth=right)
    problem(wrong_method, "method_not_allowed")
    assert wrong_method.headers["allow"] == "POST"


async def test_wrong_secrets_make_who_sends_them_wait_whatever_comes_next(doors: Doors) -> None:
    client, other, grant = await let_in(doors), await let_in(doors), {"grant_type": "client_credentials"}
    for _ in range(tries.FREE):
        answer = await doors.http.post("/v1/oauth/token", data=grant, auth=(client.id, "x" * 64))
        assert answer.status_code == 401
    waits = await client.get_token()
    assert (waits.status_code, waits.json()["error"], waits.headers["retry-after"]) == (429, "slow_down", "1"), "the right one too"
    assert (await other.get_token()).status_code == 200, "another client is heard"
    async with comes("the end of the wait"):
        while (await client.get_token()).status_code == 429:
            await asyncio.sleep(0.1)
    await client.sign_in()


async def test_where_tries_come_from_is_what_a_trusted_proxy_says_and_nobody_else(doors: Doors) -> None:
    client, grant = await let_in(doors), {"grant_type": "client_credentials"}

    async def ask(behind: Doors, secret: str, said: str) -> int:
        headers = {"X-Forwarded-For": said}
        return (await behind.http.post("/v1/oauth/token", data=grant, auth=(client.id, secret), headers=headers)).status_code

    async with open_doors(doors.on, proxies=read_networks(["127.0.0.1"])) as behind:
        wrong = [await ask(behind, f"{number:064}", "198.51.100.1") for number in range(tries.FREE)]
        assert wrong == [401] * tries.FREE
        assert [await ask(behind, client.secret, one) for one in ("198.51.100.1", "198.51.100.2")] == [429, 200]
    wrong = [await ask(doors, f"{number:064}", f"198.51.100.{number}") for number in range(tries.FREE)]
    assert [*wrong, await ask(doors, client.secret, "198.51.100.2")] == [401] * tries.FREE + [429], "the header alone moves nobody"


async def test_a_header_that_says_who_or_what_comes_once(doors: Doors, client: ApiClient) -> None:
    account = await account_of(doors, client)
    before, good = (
        await doors.rows(),
        {"Authorization": f"Bearer {client.token}", "Idempotency-Key": "k1", "Content-Type": "application/json"},
    )
    for name, other in (("Authorization", "Bearer x"), ("Idempotency-Key", "k2"), ("Content-Type", "text/plain")):
        for doubled in ([*good.items(), (name, other)], [(name, other), *good.items()], [*good.items(), (name, good[name])]):
            answer = await doors.http.post(f"{account}/orders", json=purchase(100), headers=doubled)
            problem(answer, "doubled_header")
            assert name.lower() in answer.json()["detail"]
    assert await doors.rows() == before


async def test_nobody_is_heard_without_a_token_of_this_interface(doors: Doors, client: ApiClient) -> None:
    account = await account_of(doors, client)
    strangers = ["x", doors.on.people[0].device_token, await doors.login("ops.chen"), client.token[:-3], f"{client.token}x", client.secret]
    for token in strangers:
        client.token = token
        for answer in (await client.get(account), await client.post(f"{account}/orders", purchase(100)), await client.get("/v1/funds")):
            problem(answer, "not_authenticated")
            assert answer.headers["www-authenticate"].startswith("Bearer")
    await client.sign_in()
    answer = await doors.command("bind_card", {"card_number": doors.on.people[0].card_number}, client.token)
    assert answer.status_code == 401


async def test_a_token_reaches_as_far_as_its_scopes(doors: Doors, client: ApiClient) -> None:
    account = await account_of(doors, client)
    for scope, path in {
        "funds:read": "/v1/funds", "accounts:read": account, "payments:read": f"{account}/payments", "orders:read": f"{account}/orders",
    }.items():  # fmt: skip
        await client.sign_in(scope)
        assert (await client.get(path)).status_code == 200
        await client.sign_in(*(one for one in SCOPES if one != scope))
        answer = await client.get(path)
        problem(answer, "insufficient_scope")
        assert f'scope="{scope}"' in answer.headers["www-authenticate"]
    await client.sign_in("orders:read", "payments:read")
    problem(await client.post(f"{account}/orders", purchase(100)), "insufficient_scope")
    problem(await client.post(f"{account}/payments", {}), "insufficient_scope")


async def test_an_account_that_does_not_consent_is_as_one_that_is_not_there(doors: Doors, client: ApiClient) -> None:
    account = await account_of(doors, client, 0, ["orders:read"])
    other = f"/v1/accounts/acc_{doors.on.callers[1].person.hex}"
    said = set()
    for path in (f"/v1/accounts/{NOBODY}", "/v1/accounts/me", other, account, f"/v1/accounts/acc_{'f' * 32}"):
        answer = await client.get(path)
        problem(answer, "unknown_account")
        said.add(answer.json()["detail"])
        problem(await client.get(f"{path}/payments"), "unknown_account")
        problem(await client.get(f"{path}/pocket"), "unknown_account")
        problem(await client.get(f"{path}/holdings/000198/days"), "unknown_account")
        problem(await client.post(f"{path}/pocket", {"funds": []}), "unknown_account")
        problem(await client.post(f"{path}/orders", purchase(100)), "unknown_account")
        problem(
            await client.post(f"{path}/payments", payment("in", NO_CARD, 1)),
            "unknown_account",
        )
    assert len(said) == 1, "the words tell who is there"
    assert (await client.get(f"{account}/orders")).status_code == 200
    listed = (await client.get("/v1/accounts")).json()["data"]
    assert [(one["id"], one["scopes"]) for one in listed] == [(account.removeprefix("/v1/accounts/"), ["orders:read"])]


async def test_the_line_is_not_moved_for_who_may_not_ask(doors: Doors, client: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is made ready for a redemption at once waits for consent, and is not made again for a repetition."""
    moved: list[Any] = []

    async def level(_house: Any, need: Any = None) -> list[str]:
        moved.append(need)
        return []

    monkeypatch.setattr("tapwealth.flows.funds.advance_line.level", level)
    monkeypatch.setattr("tapwealth.flows.funds.instant_redemption.decide", lambda *_: Refusal(InstantRefusal.LINE_USED_UP, "used up"))
    body = {"type": "instant_redemption", "fund": "000198", "units": "1"}
    stranger = f"/v1/accounts/acc_{doors.on.callers[1].person.hex}"
    problem(await client.post(f"{stranger}/orders", body), "unknown_account")
    assert moved == []
    account, key = await account_of(doors, client), str(uuid4())
    for _ in range(2):
        problem(await client.post(f"{account}/orders", body, key), "line_used_up")
    assert len(moved) == 1


async def test_a_body_that_does_not_come_ends_and_may_come_again(doors: Doors, client: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its order would belong to the instant at which its head was read, and the cut of that date waits for it."""
    account, key = await account_of(doors, client), str(uuid4())
    await money_in_the_wallet(client, account, "1.00")

    async def held() -> AsyncIterator[bytes]:
        yield b'{"type": "purchase", '
        await asyncio.sleep(2)
        yield b""

    headers = {"content-type": "application/json", "idempotency-key": key, "authorization": f"Bearer {client.token}"}
    with monkeypatch.context() as impatient:
        impatient.setattr("tapwealth.api.v1.edge.BODY_SECONDS", 0.1)
        problem(await doors.http.post(f"{account}/orders", content=held(), headers=headers), "too_slow")
    assert (await client.post(f"{account}/orders", purchase(100), key)).status_code == 201


async def test_a_suspended_client_is_heard_no_more_whatever_its_token(doors: Doors, client: ApiClient) -> None:
    account, clerk = await account_of(doors, client), await doors.login("ops.chen")
    assert (await client.get(account)).status_code == 200
    stopped = await doors.command("suspend_client", {"client": client.id, "reason": "its app was altered"}, clerk)
    assert stopped.status_code == 200
    for path in (
        account, f"{account}/orders", f"{account}/pocket", f"{account}/holdings/000198/days", "/v1/accounts", "/v1/funds",
        "/v1/funds/000198", "/v1/funds/000198/quotations", "/v1/funds/000198/yields",
    ):  # fmt: skip
        problem(await client.get(path), "session_ended")
    problem(await client.post(f"{account}/orders", purchase(100)), "session_ended")


async def test_an_order_is_placed_once_and_answered_the_same(doors: Doors, client: ApiClient) -> None:
    account = await account_of(doors, client)
    await money_in_the_wallet(client, account, "20.00")
    key, before = str(uuid4()), await doors.rows()
    first = await client.post(f"{account}/orders", purchase(1_000), key)
    assert first.status_code == 201, first.text
    assert "idempotent-replayed" not in first.headers
    again = await client.post(f"{account}/orders", REORDERED, key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert (await client.get(first.headers["location"])).json() == first.json()
    assert (await client.get(f"{account}/orders")).json()["data"].count(first.json()) == 1
    problem(await client.post(f"{account}/orders", purchase(999), key), "idempotency_key_reused")
    assert (await doors.rows())["fund_order"] == before["fund_order"] + 1
    async with doors.on.house.database.read() as tx:
        order = unprefixed("ord", first.json()["id"])
        assert order is not None
        row = await tx.fetchrow("select book, xmin::text, received_at from fund_order where id = $1", order)
        assert row["book"] == book_of(order)
        logged = await tx.fetch("select xmin::text from command_log where book = $1 and xmin::text = $2", row["book"], row["xmin"])
        assert len(logged) == 1, "key and effect are of one transaction"
        assert (await audit_snapshot(tx)).findings == ()


async def test_a_key_counts_within_client_and_path(doors: Doors, client: ApiClient) -> None:
    account, other = await account_of(doors, client), await account_of(doors, client, 1)
    second = await let_in(doors)
    await second.sign_in()
    await account_of(doors, second)
    key = "the same key everywhere"[:20].replace(" ", "-")
    answers = [
        await client.post(f"{account}/orders", purchase(10**12), key),
        await client.post(f"{other}/orders", purchase(10**12), key),
        await second.post(f"{account}/orders", purchase(10**12), key),
        await client.post(f"{account}/payments", payment("out", await card_of(client, account), 10**12), key),
    ]
    for answer in answers:
        assert answer.status_code == 422, answer.text
        assert answer.json()["code"] != "idempotency_key_reused"
        assert "idempotent-replayed" not in answer.headers
    replayed = await client.post(f"{account}/orders", purchase(10**12), key)
    assert replayed.headers["idempotent-replayed"] == "true"
    assert replayed.json()["code"] == answers[0].json()["code"]


async def test_a_key_is_asked_for_on_every_post(doors: Doors, client: ApiClient) -> None:
    account, before = await account_of(doors, client), await doors.rows()
    for path, body in ((f"{account}/orders", purchase(100)), (f"{account}/payments", {})):
        for key in ("", "x" * 256, "a b", "schlüssel".encode()):
            headers = {"Authorization": f"Bearer {client.token}", "Idempotency-Key": key}
            problem(await doors.http.post(path, json=body, headers=headers), "idempotency_key_missing")
        problem(await doors.http.post(path, json=body, headers={"Authorization": f"Bearer {client.token}"}), "idempotency_key_missing")
    assert await doors.rows() == before


async def test_what_is_being_decided_is_not_decided_beside(doors: Doors, client: ApiClient) -> None:
    """The book is locked by somebody else, so that the first request waits."""
    account, key = await account_of(doors, client), str(uuid4())
    await money_in_the_wallet(client, account, "5.00")
    person = unprefixed("acc", account.removeprefix("/v1/accounts/"))
    assert person is not None
    async with doors.on.house.database.transaction() as tx:
        await doors.on.house.ledger.lock_books(tx, [book_of(person)])
        first = asyncio.create_task(client.post(f"{account}/orders", purchase(500), key))
        await others_wait(tx)
        second = await client.post(f"{account}/orders", purchase(500), key)
        problem(second, "request_in_progress")
        assert second.headers["retry-after"] == "1"
    assert (await first).status_code == 201
    assert (await client.post(f"{account}/orders", purchase(500), key)).headers["idempotent-replayed"] == "true"


async def test_money_is_moved_in_and_out_and_is_processing_until_the_bank_has_spoken(doors: Doors, client: ApiClient) -> None:
    account = await account_of(doors, client)
    await money_in_the_wallet(client, account, "5.00")
    card = await card_of(client, account)
    for direction in ("in", "out"):
        asked, key = payment(direction, card, 500), str(uuid4())
        made = await client.post(f"{account}/payments", asked, key)
        assert made.status_code == 201, made.text
        assert {name: made.json()[name] for name in asked} == asked
        assert (made.json()["state"], made.json()["completed_on"]) == ("processing", None)
        assert (await client.get(made.headers["location"])).json() == made.json()
        assert (await client.get(f"{account}/payments")).json()["data"].count(made.json()) == 1
        again = await client.post(f"{account}/payments", asked, key)
        assert (again.json(), again.headers["idempotent-replayed"]) == (made.json(), "true")
    problem(await client.post(f"{account}/payments", payment("out", card, 10**9)), "no_money")
    nothing = payment("in", NO_CARD, 1)
    problem(await client.post(f"{account}/payments", nothing), "unknown_card")


async def test_units_are_redeemed_in_the_ordinary_way_and_an_order_is_taken_back(doors: Doors, client: ApiClient) -> None:
    account, key = await account_of(doors, client), str(uuid4())
    before = (await client.get(account)).json()["holdings"]
    made = await client.post(f"{account}/orders", {"type": "redemption", "fund": "000198", "units": "3.5"})
    assert made.status_code == 201, made.text
    assert (made.json()["type"], made.json()["units"], made.json()["dealing_date"]) == ("redemption", "3.50", "2014-02-26")
    assert (await client.get(made.headers["location"])).json() == made.json()
    assert (await client.get(account)).json()["holdings"][0]["units_held"] == "3.50"
    for replayed in (False, True):
        back = await client.post(f"{made.headers['location']}/cancel", {}, key)
        assert (back.status_code, back.json()) == (200, {"id": made.json()["id"], "state": "cancelled", "amount": None, "units": "3.50"})
        assert ("idempotent-replayed" in back.headers) is replayed
        assert "location" not in back.headers
    assert (await client.get(made.headers["location"])).json()["state"] == "cancelled"
    assert (await client.get(account)).json()["holdings"] == before
    problem(await client.post(f"{made.headers['location']}/cancel", {}), "already_ended")
    problem(await client.post(f"{account}/orders/ord_{'0' * 32}/cancel", {}), "unknown_order")
    problem(await client.post(f"{account}/orders/x/cancel", {}), "unknown_order")
    cancelled = (await client.get(made.headers["location"])).json()
    assert (cancelled["confirmed_on"], cancelled["confirmed_units"]) == (None, None), "the registrar has said nothing of it"
    other = await account_of(doors, client, 1)
    problem(await client.post(f"{other}/orders/{made.json()['id']}/cancel", {}), "unknown_order")


async def test_a_periodic_plan_is_agreed_bought_paused_resumed_and_ended(doors: Doors, client: ApiClient) -> None:
    """It is Wednesday, the 26th of February 2014."""
    account, key = await account_of(doors, client, 1), str(uuid4())
    asked = {"fund": "000198", "amount": money(1_00), "every": "week", "day": 4}
    for replayed in (False, True):
        made = await client.post(f"{account}/plans", asked, key)
        assert made.status_code == 201, made.text
        assert ("idempotent-replayed" in made.headers) is replayed
    said = made.json()
    assert (said["state"], said["next_on"], said["deals_on"], said["periods"]) == ("active", "2014-02-27", "2014-02-27", [])
    assert (said["fund"], said["amount"], said["every"], said["day"]) == ("000198", money(1_00), "week", 4)
    assert (await client.get(made.headers["location"])).json() == said
    async with doors.on.house.database.transaction() as tx:
        await platform_clock.advance(tx, shanghai(date(2014, 2, 27), 9))
    assert await plans.run_due(doors.on.house) == ["placed"]
    (period,) = (await client.get(made.headers["location"])).json()["periods"]
    assert (period["planned_on"], period["looked_at"], period["state"], period["reason"]) == ("2014-02-27", "2014-02-27", "placed", "")
    order = (await client.get(f"{account}/orders/{period['order']}")).json()
    assert (order["type"], order["amount"], order["dealing_date"]) == ("purchase", money(1_00), "2014-02-27")
    for state, was in (("paused", None), ("active", "2014-03-06"), ("ended", None)):
        changed = await client.post(f"{made.headers['location']}/state", {"state": state})
        assert (changed.status_code, changed.json()["state"], changed.json()["next_on"]) == (200, state, was), changed.text
    second = await client.post(f"{account}/plans", asked | {"every": "month", "day": 31})
    listed = (await client.get(f"{account}/plans", limit=1)).json()
    assert ([one["id"] for one in listed["data"]], listed["has_more"]) == ([second.json()["id"]], True)
    rest = (await client.get(f"{account}/plans", limit=1, cursor=listed["next_cursor"])).json()
    assert ([one["id"] for one in rest["data"]], rest["has_more"]) == ([said["id"]], False)


async def test_what_is_no_periodic_plan_is_a_problem(doors: Doors, client: ApiClient) -> None:
    account, other = await account_of(doors, client), await account_of(doors, client, 1)
    asked = {"fund": "000198", "amount": money(1_00), "every": "week", "day": 4}
    problem(await client.post(f"{account}/plans", asked | {"fund": "000999"}), "unknown_fund")
    problem(await client.post(f"{account}/plans", asked | {"amount": money(1)}), "below_minimum")
    problem(await client.post(f"{account}/plans", asked | {"every": "year"}), "invalid_body", ("/every", "not_known"))
    problem(await client.post(f"{account}/plans", asked | {"day": 8}), "invalid_body", ("/day", "invalid_value"))
    made = (await client.post(f"{account}/plans", asked)).json()["id"]
    problem(await client.post(f"{account}/plans/{made}/state", {"state": "active"}), "in_force")
    assert (await client.post(f"{account}/plans/{made}/state", {"state": "paused"})).status_code == 200
    problem(await client.post(f"{account}/plans/{made}/state", {"state": "paused"}), "not_in_force")
    problem(await client.post(f"{account}/plans/{made}/state", {"state": "stopped"}), "invalid_body", ("/state", "not_known"))
    problem(await client.post(f"{other}/plans/{made}/state", {"state": "ended"}), "unknown_plan")
    problem(await client.post(f"{account}/plans/x/state", {"state": "ended"}), "unknown_plan")
    problem(await client.get(f"{other}/plans/{made}"), "not_found")


BODIES: list[tuple[Any, tuple[str, str]]] = [
    (b"", ("", "not_json")),
    (b"{", ("", "not_json")),
    (b"\xff", ("", "not_json")),
    (b"[" * 20_000, ("", "wrong_type")),
    ([], ("", "wrong_type")),
    ({}, ("/type", "missing_field")),
    ({"type": "gift"}, ("/type", "not_known")),
    (purchase(100, surplus=1), ("/surplus", "unknown_field")),
    ({"type": "purchase", "fund": "000198"}, ("/amount", "missing_field")),
    (purchase(100, fund="19"), ("/fund", "wrong_format")),
    (purchase(100, amount=1), ("/amount", "wrong_type")),
    (purchase(100, amount=money(1.5)), ("/amount/amount", "wrong_type")),
    (purchase(100, amount=money("1")), ("/amount/amount", "wrong_type")),
    (purchase(100, amount=money(-1)), ("/amount/amount", "out_of_range")),
    (purchase(100, amount=money(10**15 + 1)), ("/amount/amount", "out_of_range")),
    (purchase(100, amount=money(10**30)), ("/amount/amount", "out_of_range")),
    (purchase(100, amount=money(1, "USD")), ("/amount/currency", "not_known")),
    (purchase(0), ("/amount", "invalid_value")),
    ({"type": "instant_redemption", "fund": "000198", "units": "1,000.00"}, ("/units", "wrong_format")),
    ({"type": "instant_redemption", "fund": "000198", "units": "0.001"}, ("/units", "wrong_format")),
    ({"type": "instant_redemption", "fund": "000198", "units": "0"}, ("/units", "invalid_value")),
    ({"type": "instant_redemption", "fund": "000198", "units": 1}, ("/units", "wrong_type")),
    ({"type": "dividend_method", "fund": "000198", "dividend_method": "gold"}, ("/dividend_method", "not_known")),
    (AS_SENT.replace(b'"fund"', b'"fund": "000198", "fund"'), ("/fund", "doubled_field")),
    (AS_SENT.replace(b'"fund"', b'"f\\u0075nd": "000198", "fund"'), ("/fund", "doubled_field")),
    (AS_SENT.replace(b'"amount": 1', b'"amount": 2, "amount": 1'), ("/amount", "doubled_field")),
]


async def test_what_cannot_be_read_is_pointed_to_and_not_remembered(doors: Doors, client: ApiClient) -> None:
    account, key = await account_of(doors, client), str(uuid4())
    before = await doors.rows()
    for body, error in BODIES:
        answer = await client.post(f"{account}/orders", body, key)
        assert (answer.status_code, [(one["pointer"], one["code"]) for one in answer.json().get("errors", [])]) == (400, [error]), (
            body, answer.text,
        )  # fmt: skip
        problem(answer, "invalid_body", error)
    problem(await client.post(f"{account}/orders", b'"' + b"x" * (1 << 16), key), "too_large")
    problem(await client.post(f"{account}/orders", purchase(100), key, **{"Content-Type": "text/plain"}), "wrong_media_type")
    assert await doors.rows() == before
    answer = await client.post(f"{account}/orders", purchase(10**12), key)
    assert (answer.status_code, "idempotent-replayed" in answer.headers) == (422, False), "the key is still fresh"


async def test_a_decided_no_is_a_problem_of_the_catalogue_and_is_remembered(doors: Doors, client: ApiClient) -> None:
    account = await account_of(doors, client)
    for body, code in (
        (purchase(1), "below_minimum"), (purchase(10**12), "above_holding_cap"), (purchase(100, fund="000999"), "unknown_fund"),
        ({"type": "instant_redemption", "fund": "000198", "units": "99999999.00"}, "not_enough_units"),
        ({"type": "switch", "fund": "000198", "into": "000198", "units": "1.00"}, "same_fund"),
        ({"type": "switch", "fund": "000198", "into": "000999", "units": "1.00"}, "unknown_fund"),
    ):  # fmt: skip
        key = str(uuid4())
        for replayed in (False, True):
            answer = await client.post(f"{account}/orders", body, key)
            problem(answer, code)
            assert ("idempotent-replayed" in answer.headers) is replayed


async def test_a_list_is_read_in_parts_that_neither_lack_nor_double_anything(doors: Doors, client: ApiClient) -> None:
    account = await account_of(doors, client)
    await account_of(doors, client, 1)
    await money_in_the_wallet(client, account, "1.00")
    for path in (
        "/v1/accounts", f"{account}/orders", f"{account}/payments", "/v1/funds/000198/quotations", "/v1/funds", "/v1/funds/000198/yields",
        f"{account}/holdings/000198/days",
    ):  # fmt: skip
        whole = (await client.get(path, limit=100)).json()
        assert (whole["has_more"], whole["next_cursor"]) == (False, None)
        found, parts, cursor = [], 0, {}
        while True:
            part = (await client.get(path, limit=1, **cursor)).json()
            found, parts = found + part["data"], parts + 1
            assert part["has_more"] is (part["next_cursor"] is not None)
            if not part["has_more"]:
                break
            cursor = {"cursor": part["next_cursor"]}
        assert found == whole["data"]
        assert parts == len(found), "the last part says that it is the last"
        assert len(found) >= (1 if path in ("/v1/funds", f"{account}/payments") else 2), path


def forged(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


async def test_a_parameter_that_cannot_be_is_named(doors: Doors, client: ApiClient) -> None:
    account = await account_of(doors, client)
    cursor = (await client.get("/v1/funds/000198/quotations", limit=1)).json()["next_cursor"]
    for wrong in ("", "x", cursor + "A", cursor[:-2], "é", *map(forged, ("list_orders 1", "list_orders 000198")), cursor):
        problem(await client.get(f"{account}/orders", cursor=wrong), "invalid_parameter", ("cursor", "invalid_value"))
    for wrong in map(forged, ("list_quotations 2014-02-31", "list_quotations 0000-01-01", f"list_quotations {'0' * 32}")):
        problem(await client.get("/v1/funds/000198/quotations", cursor=wrong), "invalid_parameter", ("cursor", "invalid_value"))
    for limit in ("0", "101", "-1", "1.0", "x", "", "1000"):
        problem(await client.get(f"{account}/orders", limit=limit), "invalid_parameter", ("limit", "out_of_range"))
    for path in ("/v1/funds/000198/yields", f"{account}/holdings/000198/days"):
        problem(await client.get(path, cursor=cursor), "invalid_parameter", ("cursor", "invalid_value"))
    problem(await client.get(f"{account}/orders", page=2), "invalid_parameter", ("page", "unknown_parameter"))
    problem(await client.get(account, limit=1), "invalid_parameter", ("limit", "unknown_parameter"))


async def test_where_nothing_is_and_what_is_not_taken_there(doors: Doors, client: ApiClient) -> None:
    other, account = await account_of(doors, client), await account_of(doors, client, 1)
    theirs = (await client.get(f"{other}/orders")).json()["data"][0]["id"]
    assert (await client.get(f"{other}/orders/{theirs}")).status_code == 200
    for path in (
        "/v1", "/v1/", "/v1/x", f"{account}/x", f"{account}/orders/x", f"{account}/orders/{theirs}", f"{account}/orders/ord_{'0' * 32}",
        f"{account}/payments/pay_{'0' * 32}", "/v1/funds/000999", "/v1/funds/000999/quotations", "/v1/problems/x", "/v1/funds/%00",
        "/v1/funds/000999/yields", f"{account}/holdings/000999/days", f"{account}/holdings/000198",
    ):  # fmt: skip
        problem(await client.get(path), "not_found")
    for method, path, takes in (("PUT", f"{account}/orders", "GET, POST"), ("POST", account, "GET"), ("DELETE", "/v1/funds", "GET")):
        answer = await doors.http.request(method, path)
        problem(answer, "method_not_allowed")
        assert answer.headers["allow"] == takes
    for code in CATALOGUE:
        assert (await doors.http.get(f"/v1/problems/{code}")).json()["title"] == CATALOGUE[code].title
    assert len((await doors.http.get("/v1/problems")).json()["data"]) == len(CATALOGUE)
    assert (await doors.http.get("/v10/x")).json()["code"] == "unknown_path"


async def test_a_fault_tells_nothing_and_an_outage_says_ask_again(doors: Doors, client: ApiClient) -> None:
    async def fails(*_: Any) -> Any:
        raise RuntimeError("the password is 1234")

    async def is_away(*_: Any) -> Any:
        raise Outage("the database at 10.0.0.1 does not answer")

    def reads(_token: str) -> Bearer:
        return Bearer(unprefixed("cli", client.id) or NOTHING, frozenset(SCOPES))

    house = doors.on.house
    tokens = Tokens(house)
    tokens.read = reads  # type: ignore[method-assign]  # who asks is not what is tried here
    path, write = "/v1/accounts/{account}/payments", Scope.PAYMENTS_WRITE
    failing = [
        Operation("get_fund", "GET", "/v1/funds/{fund}", Scope.FUNDS_READ, "", Fund, read=fails),
        Operation("list_funds", "GET", "/v1/funds", Scope.FUNDS_READ, "", Fund, read=is_away),
        Operation("create_payment", "POST", path, write, "", Payment, act=fails, takes=NewPayment),
    ]

    async def clock() -> Any:
        return doors.on.now

    gate = Gate(NOTHING, house.flight, clock)
    app = Edge(gate, tokens, NOTHING, failing, house.books, system_random()).before(NOTHING)
    account = await account_of(doors, client)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://house") as http:
        body = payment("in", NO_CARD, 1)
        headers = {"Idempotency-Key": "1", "Authorization": "Bearer x"}
        for answer in (
            await http.get("/v1/funds/000198", headers=headers), await http.post(f"{account}/payments", json=body, headers=headers),
        ):  # fmt: skip
            problem(answer, "internal_error")
            assert "1234" not in answer.text
        away = await http.get("/v1/funds", headers=headers)
        problem(away, "unavailable")
        assert "10.0.0.1" not in away.text
    assert len(house.flight) == 0

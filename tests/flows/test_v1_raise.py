"""A raise over /v1: sold by arrival through the real doors, over two played days."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from api_client import ApiClient, account_of, let_in, money, money_in_the_wallet, problem
from played_days import after
from product_files import FUND_FILE
from raise_files import file_of
from served_house import Doors, on_sale, open_doors

from tapwealth.funds.raising import Offering
from tapwealth.storage import platform_clock


async def raised(doors: Doors) -> None:
    """A new fund that is being raised, by two operators; it has just opened."""
    product, operations = await doors.login("pm.zhou"), await doors.login("ops.chen")
    file = FUND_FILE.replace("110022", "000601").replace("risk_level: 4", "risk_level: 1").replace(": 1000.00, remains: 10", ": 1.00")
    await on_sale(doors, "000601", file, product, operations)
    async with doors.on.house.database.read() as tx:
        opens = await platform_clock.read(tx) + timedelta(minutes=1)
    offering = Offering("000601", opens, opens + timedelta(days=1), target=1_500, minimum=100, step=100, cap=0, least=100)
    await on_sale(doors, "000601-R", file_of(offering), product, operations)
    async with doors.on.house.database.transaction() as tx:
        await platform_clock.advance(tx, opens)


async def test_a_raise_is_sold_by_arrival_and_says_what_is_left(database_url: str, folder: Path) -> None:
    async with after(database_url, folder) as on, open_doors(on) as doors:
        client = await let_in(doors)
        await client.sign_in()
        await raised(doors)
        await sold_out(doors, client)


async def sold_out(doors: Doors, client: ApiClient) -> None:
    account, key = await account_of(doors, client), str(uuid4())
    await money_in_the_wallet(client, account, "20.00")
    (one,) = (await client.get("/v1/raises")).json()["data"]
    assert (one["fund"], one["state"], one["left"], one["cap"]) == ("000601", "open", money(1_500), None)
    wanted = {"type": "subscription", "fund": "000601", "amount": money(1_000)}
    first = await client.post(f"{account}/orders", wanted, key)
    assert first.status_code == 201, first.text
    assert (first.json()["type"], first.json()["amount"], first.json()["state"]) == ("subscription", money(1_000), "processing")
    assert (await client.post(f"{account}/orders", wanted, key)).headers["idempotent-replayed"] == "true"
    rest = await client.post(f"{account}/orders", wanted)
    assert rest.json()["amount"] == money(500), "what was left"
    assert (await client.get(rest.headers["location"])).json() == rest.json()
    problem(await client.post(f"{account}/orders", {**wanted, "amount": money(100)}), "sold_out")
    problem(await client.post(f"{account}/orders", {**wanted, "amount": money(150)}), "not_in_steps")
    problem(await client.post(f"{account}/orders", {**wanted, "fund": "000198"}), "no_raise")
    problem(await client.post(f"{account}/orders", {**wanted, "type": "purchase"}), "not_sold_now")
    problem(await client.post(f"{first.headers['location']}/cancel", {}), "subscribed")
    (one,) = (await client.get("/v1/raises")).json()["data"]
    assert (one["state"], one["sold"], one["left"]) == ("sold_out", money(1_500), money(0))

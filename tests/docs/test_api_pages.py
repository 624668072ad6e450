"""The pages on /v1 are complete and true: every problem, operation and scope stands there, every exchange is run, and the OpenAPI document
is one.
"""

import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import httpx
import msgspec
import pytest
from api_client import ApiClient, consents, let_in
from bill_town import town
from claim_town import NEXT_MONDAY, assess, paid
from deposit_files import DEMAND_FILE, FIXED_FILE
from described import DOCUMENT, OPERATIONS, as_described, fits
from openapi_spec_validator import OpenAPIV31SpecValidator
from played_days import after
from policy_files import SCREEN_FILE, sell_policies
from served_house import Doors, open_doors
from shown_exchanges import exchanges_in, run
from v1_town import at_v1

from tapwealth.api.v1.catalogue import CATALOGUE
from tapwealth.api.v1.openapi import OF_A_TOKEN, codes_of
from tapwealth.flows.frame import FrameRefusal
from tapwealth.flows.insurance import policies
from tapwealth.kernel.clock import shanghai
from tapwealth.storage.clients import Scope

DOCS = Path(__file__).resolve().parents[2] / "docs"
SOLD = (DOCS / "how-to" / "sell-policies-and-deposits-by-api.md").read_text()
REFERENCE, HOW_TO = (DOCS / "reference" / "api.md").read_text(), (DOCS / "how-to" / "integrate-by-api.md").read_text()


@pytest.fixture
async def doors(database_url: str, folder: Path) -> AsyncIterator[Doors]:
    async with after(database_url, folder) as on, open_doors(on) as opened:
        yield opened


def rows(title: str, page: str = REFERENCE) -> list[list[str]]:
    """The cells of the table's rows below a heading, without the table's head."""
    part = re.split(r"^## ", page.split(f"## {title}\n")[1], flags=re.MULTILINE)[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.split(" | ")] for line in (line.strip("| ") for line in lines[1:])]


def test_every_problem_stands_there_as_it_is() -> None:
    wanted = [
        [str(int(kind.status)), f"`{code}`", kind.title, kind.todo, "yes" if kind.retryable else "no"] for code, kind in CATALOGUE.items()
    ]
    assert rows("Problems") == wanted


def test_every_refusal_of_an_operation_is_in_the_catalogue() -> None:
    for one in OPERATIONS:
        assert set(codes_of(one)) <= set(CATALOGUE), one.name
    assert {"session_ended", "unknown_account"} == {one.name.lower() for one in FrameRefusal} & set(CATALOGUE)
    reached = {code for one in OPERATIONS for code in codes_of(one)} | {"not_found", "method_not_allowed"}
    assert set(CATALOGUE) == reached, "a problem that nothing answers with"


def test_every_operation_stands_there_with_its_fields() -> None:
    table = {row[0].strip("`"): row for row in rows("Operations")}
    assert list(table) == ["create_token", *(one.name for one in OPERATIONS)]
    for one in OPERATIONS:
        _, request, scope, answer = table[one.name]
        assert request.split(" with ")[0] == f"`{one.method} {one.path}`"
        assert scope == f"`{one.scope.value}`"
        if one.name.startswith("get_"):
            assert set(re.findall(r"`(\w+)`", answer)) >= set(one.gives.__struct_fields__)
    assert [row[0] for row in rows("Who asks")] == [f"`{scope.value}`" for scope in Scope]


def test_the_description_is_an_openapi_document() -> None:
    assert [str(error) for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []
    broken = {"openapi": "3.1.0", "info": {"version": "1"}, "paths": {}}
    assert list(OpenAPIV31SpecValidator(broken).iter_errors())


def test_the_description_names_every_operation_and_each_of_its_problems() -> None:
    described = {one["operationId"]: one for by_method in DOCUMENT["paths"].values() for one in by_method.values()}
    assert set(described) == {"create_token", *(one.name for one in OPERATIONS)}
    for one in OPERATIONS:
        said = described[one.name]
        assert said["security"] == [{"client_credentials": [one.scope.value]}]
        for code in codes_of(one):
            assert f"`{code}`" in said["responses"][str(int(CATALOGUE[code].status))]["description"]
        assert any(item["name"] == "Idempotency-Key" for item in said["parameters"]) is (one.method == "POST")


def test_the_description_names_what_asking_for_a_token_may_be_answered_with() -> None:
    answers = DOCUMENT["paths"]["/v1/oauth/token"]["post"]["responses"]
    for code in OF_A_TOKEN:
        said = answers[str(int(CATALOGUE[code].status))]
        assert f"`{code}`" in said["description"]
        assert "application/problem+json" in said["content"]
    for status in ("400", "401", "429"):
        assert "error" in answers[status]["content"]["application/json"]["schema"]["properties"]
    assert "Retry-After" in answers["429"]["headers"]


async def test_what_is_answered_is_what_is_described(doors: Doors) -> None:
    """Of each answer that any test gets that is held by its client; here, that it would be seen."""
    client = await let_in(doors)
    account = f"/v1/accounts/{await consents(doors, doors.on.people[0], client)}"
    await client.sign_in()
    for path, shape in ((account, "Account"), (f"{account}/orders", "Page_Order_"), (f"{account}/pocket", "Pocket")):
        answer = await client.get(path)
        assert answer.status_code == 200, answer.text
        assert fits(shape, {**answer.json(), next(iter(answer.json())): {"no": "such thing"}}) != []
    assert fits("ProblemBody", (await client.get("/v1/nothing")).json()) == []
    served = await client.get("/v1/openapi.json")
    assert served.json() == DOCUMENT


def test_an_answer_that_is_not_described_is_seen() -> None:
    request = httpx.Request("GET", "http://house/v1/funds")
    for status, body in ((204, {}), (200, {"data": 1}), (403, {"code": "no_money"})):
        with pytest.raises(AssertionError):
            as_described(httpx.Response(status, json=body, request=request))


def test_every_example_is_a_body_of_its_operation() -> None:
    for one in OPERATIONS:
        if one.example is not None:
            msgspec.json.decode(json.dumps(one.example), type=one.takes)


async def test_every_exchange_that_is_shown_goes_as_it_is_shown(doors: Doors) -> None:
    client: ApiClient = await let_in(doors)
    known = {"id:secret": f"{client.id}:{client.secret}", "account": await consents(doors, doors.on.people[0], client)}
    shown = exchanges_in(HOW_TO)
    assert len(shown) >= 10
    wrong = {one.head: found for one in shown if (found := await run(doors.http, one, known))}
    assert wrong == {}
    wrongly = replace(shown[0], answer={**shown[0].answer, "token_type": "Basic"})
    assert await run(doors.http, wrongly, {"id:secret": known["id:secret"]}) == ["/token_type: 'Bearer', not 'Basic'"]


async def test_policies_and_deposits_are_sold_as_it_is_shown(new_database: Callable[[], str], tmp_path: Path) -> None:
    """With what the insurer and the bank's people do meanwhile."""
    async with town(new_database(), tmp_path) as place:
        await sell_policies(place.house, SCREEN_FILE, DEMAND_FILE, FIXED_FILE)
        wang = await place.person("Wang", 20_000_00)

        async def issued() -> None:
            await place.work("insurer", policies.deliver)

        async def a_week_goes_by() -> None:
            await place.clock(shanghai(NEXT_MONDAY, 10))

        async def looked_at() -> None:
            identifier = UUID(known["claim"].partition("_")[2])
            await assess(place, identifier, 800_00)
            await paid(place, identifier)

        meanwhile = {"/policies": issued, "/refund-quote": a_week_goes_by, "/papers/invoice": looked_at}
        async with at_v1(place, wang) as (client, account):
            known = {"id:secret": f"{client.id}:{client.secret}", "account": account.rpartition("/")[2]}
            shown, wrong = exchanges_in(SOLD), {}
            assert len(shown) >= 14
            for one in shown:
                wrong[one.head] = await run(client.doors.http, one, known)
                for end, deed in meanwhile.items():
                    if one.head.endswith(end):
                        await deed()
            assert {head: found for head, found in wrong.items() if found} == {}

"""A partner's program at /v1: let in by two operators, consented to by customers, with its token. Each answer that it gets is what the
OpenAPI document says of it."""

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
from described import as_described
from served_house import Doors

from tapwealth.api.v1.catalogue import CATALOGUE
from tapwealth.play.cast import Person

SCOPES = ["funds:read", "accounts:read", "payments:read", "payments:write", "orders:read", "orders:write", "bills:read", "bills:write"]
SCOPES += ["notices:read", "notices:write"]


@dataclass
class ApiClient:
    """`id` and `secret` as its partner has them."""

    doors: Doors
    id: str
    secret: str
    token: str = ""

    async def get_token(self, **more: str) -> httpx.Response:
        form = {"grant_type": "client_credentials", **more}
        return await self.doors.http.post("/v1/oauth/token", data=form, auth=(self.id, self.secret))

    async def sign_in(self, *scopes: str) -> None:
        answer = await self.get_token(**({"scope": " ".join(scopes)} if scopes else {}))
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["access_token"]

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return as_described(await self.doors.http.get(path, params=params, headers={"Authorization": f"Bearer {self.token}"}))

    async def post(self, path: str, body: Any, key: str | None = None, **headers: str) -> httpx.Response:
        """`body` as JSON, or as it is if it is bytes. Without `key` under a fresh one."""
        sent = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key or str(uuid4()), "Content-Type": "application/json"}
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        return as_described(await self.doors.http.post(path, headers=sent | headers, **content))


async def let_in(doors: Doors, scopes: list[str] = SCOPES, by: tuple[str, str] = ("ops.chen", "pm.zhou")) -> ApiClient:
    """A client, proposed by one operator and approved by another."""
    name, secret = f"Phone maker {uuid4().hex[:8]}", f"{uuid4().hex}{uuid4().hex}"
    proposer, approver = [await doors.login(one) for one in by]
    body = {
        "name": name, "scopes": scopes, "secret_sha256": hashlib.sha256(secret.encode()).hexdigest(), "good_until": "2015-02-26",
    }  # fmt: skip
    proposed = await doors.command("propose_client", body, proposer)
    assert proposed.status_code == 200, proposed.text
    approved = await doors.command("approve", {"proposal": proposed.json()["result"]["proposal"]}, approver)
    assert approved.status_code == 200, approved.text
    known = await doors.http.get("/view/clients", headers={"Authorization": f"Bearer {proposer}"})
    return ApiClient(doors, next(one["client"] for one in known.json() if one["name"] == name), secret)


async def consents(doors: Doors, person: Person, client: ApiClient, scopes: list[str] = SCOPES) -> str:
    """The person lets it act; the account's id."""
    answer = await doors.command("give_consent", {"client": client.id, "scopes": scopes}, person.device_token)
    assert answer.status_code == 200, answer.text
    account: str = answer.json()["result"]["account"]
    return account


async def account_of(doors: Doors, client: ApiClient, number: int = 0, scopes: list[str] = SCOPES) -> str:
    return f"/v1/accounts/{await consents(doors, doors.on.people[number], client, scopes)}"


def money(amount: Any, currency: str = "CNY") -> dict[str, Any]:
    return {"amount": amount, "currency": currency}


def problem(answer: httpx.Response, code: str, *errors: tuple[str, str]) -> None:
    """The answer is that problem of the catalogue, whole."""
    said, kind = answer.json(), CATALOGUE[code]
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert (said["code"], said["type"]) == (code, f"/v1/problems/{code}"), answer.text
    assert (answer.status_code, said["status"], said["title"], said["retryable"]) == (kind.status, kind.status, kind.title, kind.retryable)
    assert said["request_id"] == answer.headers["request-id"]
    assert said["request_id"].startswith("req_")
    assert [(one["pointer"], one["code"]) for one in said.get("errors", [])] == list(errors), answer.text
    assert ("retry-after" in answer.headers) is kind.retryable
    assert "`" not in said["detail"], said["detail"]


async def money_in_the_wallet(client: ApiClient, account: str, units: str) -> None:
    answer = await client.post(f"{account}/orders", {"type": "instant_redemption", "fund": "000198", "units": units})
    assert answer.status_code == 201, answer.text

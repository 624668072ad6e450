"""A file sent for a claim: read while it comes and no further than is taken, whoever sends it and however; handed out to be saved."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from evidence_files import jpeg
from starlette.applications import Starlette

from tapwealth.api import claim_files
from tapwealth.api.commands import Gate
from tapwealth.flows.frame import Caller
from tapwealth.flows.insurance.claim_papers import PaperFile, PaperKept
from tapwealth.insurance.claim import ClaimRefusal, Paper
from tapwealth.insurance.evidence import MOST_BYTES
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.in_flight import InFlight
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage.actors import ActorKind

TWO_GB, PIECE = 2 << 30, bytes(64 << 10)
CLAIM, PERSON, PAPER = UUID(int=5), UUID(int=6), UUID(int=7)
CALLERS = {
    "me": (Caller(ActorKind.CUSTOMER, "customer:6", "device token", PERSON, 1), frozenset({"anyone", "customer"})),
    "operations": (Caller(ActorKind.OPERATOR, "operator:chen", "password"), frozenset({"operations"})),
    "product": (Caller(ActorKind.OPERATOR, "operator:zhao", "password"), frozenset({"product_manager"})),
}
FILE = jpeg(comment=bytes(1_000))


class Sent:
    """A body of so many bytes, and how much of it was asked for."""

    def __init__(self, size: int) -> None:
        self.left, self.read = size, 0

    async def __call__(self) -> dict[str, Any]:
        piece = PIECE[: self.left]
        self.left -= len(piece)
        self.read += len(piece)
        return {"type": "http.request", "body": piece, "more_body": self.left > 0}


async def in_pieces() -> AsyncIterator[bytes]:
    for at in range(0, len(FILE), 300):
        yield FILE[at : at + 300]


Asked = Callable[..., Awaitable[tuple[int, dict[str, str], bytes]]]


@pytest.fixture
def given() -> list[tuple[UUID, Paper, str, int]]:
    return []


@pytest.fixture
def ask(given: list[tuple[UUID, Paper, str, int]]) -> Asked:
    """The routes, asked without a server."""

    async def authenticate(token: str) -> Any:
        return CALLERS.get(token)

    async def clock() -> Any:
        return shanghai(date(2014, 3, 3), 9)

    async def give(envelope: Any, claim: UUID, paper: Paper, media_type: str, content: bytes) -> PaperKept:
        given.append((claim, paper, media_type, len(content)))
        return PaperKept(str(PAPER), "00", "notified", ["invoice"])

    async def read(_caller: Caller, identifier: UUID) -> PaperFile | Refusal:
        if identifier == PAPER:
            return PaperFile("image/jpeg", len(FILE), in_pieces())
        return Refusal(ClaimRefusal.UNKNOWN_CLAIM, "there is no such file")

    app = Starlette(routes=claim_files.claim_files(Gate(authenticate, InFlight(), clock), give, read))

    async def asked(
        path: str, body: Sent | None = None, token: str = "me", *, key: str = "", method: str = "POST", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        said = {"authorization": f"Bearer {token}", "content-type": "image/jpeg", "idempotency-key": key or str(uuid4()), **headers}
        scope = {
            "type": "http", "http_version": "1.1", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"",
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in said.items()], "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2), "scheme": "http", "root_path": "", "asgi": {"version": "3.0", "spec_version": "2.4"},
        }  # fmt: skip
        messages: list[Any] = []

        async def send(message: Any) -> None:
            messages.append(message)

        await app(scope, body or Sent(0), send)
        content = b"".join(one.get("body", b"") for one in messages[1:])
        return messages[0]["status"], {name.decode(): value.decode() for name, value in messages[0]["headers"]}, content

    return asked


async def test_a_file_is_taken_with_what_it_shows(ask: Asked, given: list[Any]) -> None:
    status, _, content = await ask(f"/claims/{CLAIM}/papers/photo", Sent(100_000), content_length="100000")
    assert (status, given) == (200, [(CLAIM, Paper.PHOTO, "image/jpeg", 100_000)])
    assert b'"missing":["invoice"]' in content


async def test_two_gigabytes_are_cut_off_before_they_are_held(ask: Asked, given: list[Any]) -> None:
    said, unsaid = Sent(TWO_GB), Sent(TWO_GB)
    status, _, content = await ask(f"/claims/{CLAIM}/papers/photo", said, content_length=str(TWO_GB))
    assert (status, said.read) == (413, 0), "its head says so: nothing of it is read"
    assert b"send a smaller picture" in content
    status, _, _ = await ask(f"/claims/{CLAIM}/papers/photo", unsaid)
    assert status == 413
    assert unsaid.read <= MOST_BYTES + len(PIECE)
    lied = Sent(TWO_GB)
    assert (await ask(f"/claims/{CLAIM}/papers/photo", lied, content_length="10"))[0] == 413
    assert lied.read <= MOST_BYTES + len(PIECE)
    assert given == []


async def test_who_may_not_send_is_not_read(ask: Asked, given: list[Any]) -> None:
    for path, token, more, status in (
        (f"/claims/{CLAIM}/papers/photo", "nobody", {}, 401),
        (f"/claims/{CLAIM}/papers/photo", "product", {}, 403),
        ("/claims/5/papers/photo", "me", {}, 400),
        (f"/claims/{CLAIM}/papers/selfie", "me", {}, 400),
        (f"/claims/{CLAIM}/papers/photo", "me", {"key": "x"}, 400),
        (f"/claims/{CLAIM}/papers/photo", "me", {"content_length": "-1"}, 413),
    ):
        body = Sent(1_000)
        assert ((await ask(path, body, token, **more))[0], body.read) == (status, 0), (path, token)
    assert given == []


async def test_one_file_of_a_person_comes_at_a_time(ask: Asked, given: list[Any]) -> None:
    class Meanwhile(Sent):
        async def __call__(self) -> dict[str, Any]:
            status, headers, _ = await ask(f"/claims/{CLAIM}/papers/photo", Sent(10))
            assert (status, headers["retry-after"]) == (503, "1")
            return await super().__call__()

    assert (await ask(f"/claims/{CLAIM}/papers/photo", Meanwhile(10)))[0] == 200
    assert (await ask(f"/claims/{CLAIM}/papers/photo", Sent(10)))[0] == 200, "the place is free again"


async def test_a_file_is_handed_out_to_be_saved(ask: Asked) -> None:
    for token in ("me", "operations"):
        status, headers, content = await ask(f"/papers/{PAPER}", None, token, method="GET")
        assert (status, content, headers["content-type"]) == (200, FILE, "image/jpeg")
        assert headers["content-length"] == str(len(FILE))
        assert headers["content-disposition"] == f'attachment; filename="{PAPER}.jpeg"'
        assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
        assert headers["content-security-policy"].startswith("sandbox")
    assert (await ask(f"/papers/{PAPER}", None, "product", method="GET"))[0] == 403
    assert (await ask(f"/papers/{CLAIM}", None, method="GET"))[0] == 422

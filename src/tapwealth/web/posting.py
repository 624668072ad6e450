"""What all forms of the house's pages need: when one is not taken, how its command is given, and where one goes on to."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tapwealth.flows.frame import Caller, Envelope, House, moment
from tapwealth.kernel.clock import machine_now
from tapwealth.kernel.ids import system_random, uuid7
from tapwealth.web import page
from tapwealth.web.said import Said

Run = Callable[[Envelope, Any], Awaitable[Any]]
AddressOf = Callable[[Request], str]
"""Where a request comes from, as wrong secrets are counted."""
WRONG = ("没有办成", "It was not done")
STALE = Said(
    ("表单已失效", "This form is no longer good"),
    "请重新打开页面再提交。",
    "open the page anew, then send it again",
)
ELSEWHERE = Said(
    ("这个请求不是从本页发出的", "This was not sent from a page of ours"),
    "没有做任何事。请从本站页面提交。",
    "nothing was done; send it from a page of this site",
)
UNKNOWN = Said(
    ("暂时不知道结果", "The outcome is not known"),
    "数据库没有应答。请原样再提交一次：同一表单不会做两次。",
    "the database does not answer; send the same form again: it does nothing twice",
)


def later(seconds: int) -> Said:
    """Too many wrong passwords: how long the next one has to wait."""
    minutes, rest = divmod(seconds, 60)
    zh = f"{minutes} 分 {rest} 秒" if minutes else f"{rest} 秒"
    en = f"{minutes} min {rest} s" if minutes else f"{rest} second{'' if rest == 1 else 's'}"
    return Said(
        ("请稍后再登录", "Wait before you sign in"),
        f"这里多次输错密码：请等 {zh}再试。此前即使密码正确也不会查看。",
        f"several wrong passwords came from here: try again in {en}; before that not even the right one is looked at",
    )


async def give(house: House, run: Run, key: str, caller: Caller, language: str, command: Any) -> Any:
    """As over HTTP: the cut of a business date waits until it is decided."""
    arrival = house.flight.arrive()
    try:
        async with house.database.read() as tx:
            received_at = (await moment(tx)).now
        arrival.stamp(received_at)
        return await run(Envelope(UUID(key), caller, received_at, language=language), command)
    finally:
        arrival.done()


def a_key() -> str:
    """A fresh idempotency key for a form."""
    return str(uuid7(machine_now(), 0, system_random()))


def is_key(text: str) -> bool:
    try:
        return UUID(text).version is not None
    except ValueError:
        return False


def go(where: str) -> Response:
    """To be asked for by GET, so that a page looked at anew sends nothing anew."""
    return RedirectResponse(where, HTTPStatus.SEE_OTHER, {**page.HEADERS, "Cache-Control": "no-store"})

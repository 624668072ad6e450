"""What people do in the week with the cover of a phone's screen: two buy it; one cracks after the waiting time, another within it."""

import struct
import zlib
from typing import Any

from stdnum import luhn

from tapwealth.play.acts import Act, definition_of, person, put_on_sale, wanted
from tapwealth.play.stage import Answer, WentOtherwise
from tapwealth.play.week import Play

PRODUCT, PREMIUM, LOSS, PAID = "SCREEN", 59_00, 800_00, 750_00
"""What the cover costs, what the new screen does, and what of that is paid: less the excess of 50.00."""


async def offer_screen_cover(play: Play) -> None:
    """One drafts it, another approves it."""
    await put_on_sale(play.stage, PRODUCT, definition_of(PRODUCT))


def _imei(number: int) -> str:
    """The number of a customer's phone: invented, with its check digit."""
    body = f"3520990017{number:04d}"
    return body + luhn.calc_check_digit(body)


def buy_screen_cover(number: int, day: int, act_name: str) -> Act:
    """For the phone, bought new on that day of the week; waits for the insurer's answer."""

    async def act(play: Play) -> Any:
        stage, token = play.stage, person(play, number).device_token
        phone = {"imei": _imei(number), "bought_on": str(play.day(day))}
        body = {"product": PRODUCT, "confirmed": ["terms"], "premium": PREMIUM, "phone": phone}
        bought = wanted(await stage.command(act_name, "buy_policy", body, token))

        async def look() -> Any:
            seen = await stage.view(f"policy/{bought['policy']}", token=token)
            return {"policy": bought["policy"]} if seen.get("state") not in ("quoted", None) else None

        return await stage.until(f"the insurer's answer to {act_name}", look)

    return act


async def _notified(play: Play, number: int, bought_by: str, day: int, act_name: str) -> Answer:
    policy = play.stage.diary.notes[bought_by].get("policy")
    if policy is None:
        raise WentOtherwise(f"{act_name}: there is no policy to claim of")
    body = {
        "policy": policy, "kind": "screen", "said": "手机从桌上掉下，屏幕碎裂", "loss_day": str(play.day(day)), "loss": LOSS,
        "imei": _imei(number),
    }  # fmt: skip
    return await play.stage.command(act_name, "notify_claim", body, person(play, number).device_token)


def claim_screen(number: int, bought_by: str, day: int, act_name: str) -> Act:
    """The screen cracks on that day: a photo and the invoice are sent, operations look, and the insurer pays by the bank."""

    async def act(play: Play) -> Any:
        stage, token = play.stage, person(play, number).device_token
        claim = wanted(await _notified(play, number, bought_by, day, act_name))["claim"]
        for paper, shade in (("photo", 64), ("invoice", 255)):
            await _send(play, token, f"{act_name} {paper}", f"claims/{claim}/papers/{paper}", _picture(shade))
        assessed = wanted(await stage.operator(f"{act_name} assessed", "ops.chen", "assess_claim", {"claim": claim, "found": LOSS}))
        if assessed["payable"] != PAID:
            raise WentOtherwise(f"{act_name}: {assessed['payable']} fen are payable")

        async def look() -> bool:
            seen = await stage.view(f"claim/{claim}", token=token)
            return bool(seen.get("line", {}).get("state") == "paid")

        await stage.until(f"the insurer's money for {act_name}", look)
        return {"claim": claim}

    return act


def claim_too_soon(number: int, bought_by: str, day: int, act_name: str) -> Act:
    """The screen cracks on that day, within the waiting time: refused, with the day from which losses are paid."""

    async def act(play: Play) -> None:
        answer = await _notified(play, number, bought_by, day, act_name)
        if answer.ok or answer.body.get("code") != "within_waiting":
            raise WentOtherwise(f"{act_name}: it was not within the waiting time: {answer.body.get('code')}")

    return act


async def _send(play: Play, token: str, act_name: str, path: str, content: bytes) -> None:
    stage = play.stage
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(stage.cast.key(act_name)), "Content-Type": "image/png"}
    answer = await stage.request("POST", f"{stage.urls['platform']}/{path}", headers=headers, content=content)
    wanted(Answer(answer.status_code, answer.json()))


def _picture(shade: int) -> bytes:
    """One grey point, as a PNG."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    point = zlib.compress(bytes([0, shade]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", point) + chunk(b"IEND", b"")

"""The identity channels' HTTP face; formats in docs/reference/partners.md."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tapwealth.sandbox.identity.registers import IDENTITY_SCHEMA, Channel, Claim, answered, dump, register, send, texts_to, verify
from tapwealth.sandbox.messages import Body, Text, json_answer, json_body, one_line
from tapwealth.sandbox.process import Partner, run

IdentityNumber = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{17}[0-9X]\Z")]


class PersonBody(Body):
    """A person and the channels that know them (default: all five)."""

    name: Text
    identity_number: IdentityNumber
    phone: Text
    channels: list[Channel] = msgspec.field(default_factory=lambda: list(Channel))


class PersonsBody(Body):
    """People to be known from now on."""

    persons: list[PersonBody]


class VerifyBody(Body):
    """One question to one channel."""

    serial: Text
    channel: Channel
    name: Text
    identity_number: IdentityNumber
    phone: Text


async def _persons(partner: Partner, request: Request) -> Response:
    body = await json_body(request, PersonsBody)
    with partner.store.tx() as tx:
        for person in body.persons:
            register(tx, Claim(person.name, person.identity_number, person.phone), person.channels)
    return json_answer({"registered": len(body.persons)})


async def _verify(partner: Partner, request: Request) -> Response:
    body = await json_body(request, VerifyBody)
    return await partner.answer(request, "verify", partial(_decide, partner, body), body.serial)


def _decide(partner: Partner, body: VerifyBody) -> Response:
    with partner.store.tx() as tx:
        result = verify(tx, body.serial, body.channel, Claim(body.name, body.identity_number, body.phone))
    if result is None:
        return one_line(f"serial {body.serial} was used for another question", 409)
    return json_answer({"serial": body.serial, "channel": body.channel, "result": result})


async def _inquire(partner: Partner, request: Request) -> Response:
    return await partner.answer(request, "inquiry", partial(_find, partner, request.path_params["serial"]))


def _find(partner: Partner, serial: str) -> Response:
    with partner.store.tx() as tx:
        found = answered(tx, serial)
    if found is None:
        return one_line(f"serial {serial} never came", 404)
    return json_answer({"serial": serial, "channel": found[0], "result": found[1]})


class TextBody(Body):
    """A text message to a phone."""

    serial: Text
    phone: Text
    text: Text


async def _text(partner: Partner, request: Request) -> Response:
    body = await json_body(request, TextBody)
    return await partner.answer(request, "text", partial(_send, partner, body), body.serial)


def _send(partner: Partner, body: TextBody) -> Response:
    with partner.store.tx() as tx:
        sent = send(tx, body.serial, body.phone, body.text)
    if not sent:
        return one_line(f"serial {body.serial} was used for another message", 409)
    return json_answer({"serial": body.serial})


async def _texts(partner: Partner, request: Request) -> Response:
    with partner.store.tx() as tx:
        return json_answer({"texts": texts_to(tx, request.path_params["phone"])})


async def _store(partner: Partner, _: Request) -> Response:
    with partner.store.tx() as tx:
        return json_answer(dump(tx))


def _routes(partner: Partner) -> list[Route]:
    return [
        Route("/admin/persons", partial(_persons, partner), methods=["POST"]),
        Route("/admin/store", partial(_store, partner)),
        Route("/admin/texts/{phone}", partial(_texts, partner)),
        Route("/texts", partial(_text, partner), methods=["POST"]),
        Route("/verify", partial(_verify, partner), methods=["POST"]),
        Route("/verify/{serial}", partial(_inquire, partner)),
    ]


def main(argv: Sequence[str]) -> None:
    """Serve the identity channels until SIGTERM."""
    run("identity", IDENTITY_SCHEMA, _routes, argv=argv)

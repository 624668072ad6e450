"""The sockets that HTTP is served from, by the platform and by the partners."""

import socket
from collections.abc import Callable

import pytest

from tapwealth.app.platform import listening
from tapwealth.sandbox import process


@pytest.mark.parametrize("listen", [lambda: listening(0), lambda: process._listen("127.0.0.1", 0)], ids=["platform", "partner"])
def test_an_answers_body_does_not_wait_until_its_head_is_acknowledged(listen: Callable[[], socket.socket]) -> None:
    """What is accepted sends at once (TCP_NODELAY, RFC 9293 3.7.4 turned off): head and body of an answer are two writes."""
    with listen() as listener, socket.create_connection(listener.getsockname()), listener.accept()[0] as accepted:
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1

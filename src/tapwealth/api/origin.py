"""Where a request comes from: the address of the connection, or, behind a proxy that is trusted, what that proxy says (X-Forwarded-For).

Anybody can write the header, so that it is read from the right, each proxy having added whom it was asked by, and only as long as who added
it is trusted.
"""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from tapwealth.kernel.refusal import BadInput

HEADER = b"x-forwarded-for"
_WITH_PORT = re.compile(r"\[(?P<six>[^\]]*)\](?::\d+)?|(?P<four>[\d.]+):\d+", re.ASCII)
_OWN_NETWORK = 64
"""Bits of an IPv6 address that name whose it is; the rest is its owner's to choose."""

Network = IPv4Network | IPv6Network


def read_networks(given: Iterable[str]) -> tuple[Network, ...]:
    """Addresses and networks as options name them. Raises BadInput."""
    try:
        return tuple(ip_network(one) for one in given)
    except ValueError as error:
        raise BadInput(str(error), where="--trusted-proxy", hint="give an address, or a network like 10.1.0.0/16") from None


def origin(peer: str, headers: Iterable[tuple[bytes, bytes]], trusted: Sequence[Network]) -> str:
    """Whose tries are counted together: an IPv4 address or an IPv6 network. Whom a trusted proxy names wrongly counts as that proxy."""
    address = _address(peer)
    if address is None or not _within(address, trusted):
        return _shown(peer, address)
    said = b",".join(value for name, value in headers if name == HEADER).decode("latin-1")
    for one in reversed(said.split(",")):
        further = _address(one)
        if further is None:
            break
        address = further
        if not _within(address, trusted):
            break
    return _shown(peer, address)


def _within(address: IPv4Address | IPv6Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    plain = text.strip()
    if (match := _WITH_PORT.fullmatch(plain)) is not None:
        plain = match["six"] or match["four"] or ""
    try:
        found = ip_address(plain)
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def _shown(peer: str, address: IPv4Address | IPv6Address | None) -> str:
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address), _OWN_NETWORK), strict=False))
    return peer if address is None else str(address)

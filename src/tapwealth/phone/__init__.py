"""The customer's phone as a process of its own: the applet of `card`, its durable store, the owner's consent, and the ways to a reader.

Device software: it knows bytes and the card, nothing of the platform. `wallet` is the phone, `relay` serves it over TCP, `vpcd` puts it
into a PC/SC reader, `trace` tells in words what is said.
"""

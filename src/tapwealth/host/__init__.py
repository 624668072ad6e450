"""The host: where terminals call. TCP in, flows behind it, ISO 8583 between.

A connection's bytes are cut into frames (`connection`), a frame becomes a request whose MAC is right and then an answer (`exchange`), the
request goes to a handler (`handlers`, made by `app` from the flows), and `listener` holds many connections at once. Nothing that a terminal
sends stops it; nothing is answered that was not decided.
"""

"""ISO 8583 as UnionPay's terminals use it: frames, fields, MAC, typed requests and answers. Pure: bytes in, bytes out.

How a message travels: `frame` cuts the stream and takes off the envelope, `fields` turns bytes into checked fields (`spec` says what they
look like), `mac` proves who wrote them, `host_side` makes them a request of `requests` and an answer of its decision; `terminal_side`
is the other end. `subfields` are the fields that have parts.
"""

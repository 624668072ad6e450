"""The played week: people, shops and partners' staff who act on the platform from outside.

Nothing here sees the platform's database or its flows. A player has what people have: a phone's applet, a till, HTTP, and the calls by
which a partner's staff run their own process.
"""

"""Card readers of a till: what carries a terminal's command to a card and brings its answer back.

A reader is used by `connect`, `transmit` as often as it takes, `close`. An empty answer says that the card has left.
"""

"""A merchant's counter: the reader with the card in it, the terminal's kernel that talks to it, and the till that asks the host.

It stands outside the platform, as the customer's phone does, and reaches it by terminal messages alone.
"""

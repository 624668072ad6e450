"""A customer's notices: the inbox on the phone."""

"""What the house does for people: accounts, their phones, signing in, and the clients of /v1 that they let act for them."""

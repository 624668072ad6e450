"""Cards between the house and the network: what is presented, what comes back cleared, and what each owes the other by it."""

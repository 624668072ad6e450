"""What a client sees of an account and asks for it, in the shapes of /v1. The deciding is done by the flows that phones use."""

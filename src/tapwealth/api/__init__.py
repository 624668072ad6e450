"""The HTTP edge: commands, partners' messages, and views. It reads the request, stamps when it was read, and hands it to a flow."""

"""Bytes to values and back, each folder or module one standard: EMV, ISO 8583, ISO 20022, JR/T 0017. Pure: no sockets, clocks or chance."""

"""What the house does: the only place where two capabilities meet, and the only one that opens a database transaction.

A flow wires: it loads facts set-wise from the stores, lets a capability decide, posts the entries that the capability's recipe names, and
saves. Ports to the outside are called before or after a transaction, never inside one.
"""

"""Where things are kept: the database and what surrounds it (migrations, clock, actors, outbox, remembered answers, keys, operators)."""

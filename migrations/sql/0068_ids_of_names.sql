-- What kernel.ids.named() makes of milliseconds since 1970, a book and a name: for rows that are made from a table, set by set.
create function named_id(millis bigint, book int, name text) returns uuid language sql immutable strict parallel safe as $$
  select encode(int8send((millis << 16) | 32768 | (d & 4095))
             || int8send((1::bigint << 63) | (book::bigint << 46) | ((d >> 12) & ((1::bigint << 46) - 1))), 'hex')::uuid
    from (select ('x' || encode(substr(sha256(convert_to(name, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint d) x
$$;

-- The ledger: accounts, journal entries, holds, the chain over them, and the one function that posts.
--
-- How it is laid out, and why:
--   * An entry has no row of its own. It is the lines in `transfer` that share (book, key); what the caller used as idempotency key is the
--     identity of the entry, so "was this decided before?" is answered by the index that is needed anyway.
--   * The row of the book is the only lock. Whoever posts to a book holds its row; accounts and holds need no locks of their own, two posters
--     never deadlock while they take the rows in ascending order, and two writers with different books never meet.
--   * `no` numbers the lines of a book: batch << 20 | position in the batch, from 1, without gaps. What was refused takes numbers too. So `no`
--     names the batch, orders the history, dates the line (below), and a row that was taken out leaves a hole.
--   * Each line names the line before it on both of its accounts, and the account names its newest: history is a linked list and needs no index
--     by account, whose pages would be written all over the place.
--   * recorded_at is not stored by line: the batch carries the instant of its first line, and every line takes one microsecond. An entry is recorded
--     at the instant of its first line. So instants rise strictly within a book and do not depend on how entries were gathered into batches.
--   * Every batch is one link per book in a chain of SHA-256 over all that was decided, refusals included. Every line carries a hash of itself
--     besides: the chain proves that something was changed, the line's own hash says where.
--   * Everything keeps to the rules of a distributed database: `book` in every key, ids from the program, no sequence, no trigger, no clock.
--   * The program may add to history and never change it: `transfer`, `refusal`, `batch`, `balance_day` are granted for select and insert only.

create table book (
  book            int          not null primary key,
  batch           bigint       not null default 0,         -- batches decided so far
  clock           timestamptz  not null default 'epoch',   -- the first instant not yet given to a line
  top             uuid         not null default '00000000-0000-0000-0000-000000000000',  -- greatest key met: what lies above it is new, without looking
  newest_date     date,                                    -- greatest business date met
  closed_through  date,                                    -- business dates up to here are immutable
  next_serial     bigint       not null default 1000000000,  -- serial of the next account that belongs to somebody
  digest          bytea        not null default '\x'       -- head of the chain
) with (fillfactor = 10);                                  -- rewritten with every batch: room for its versions on its own page

-- The first line that may carry a business date, and the last one that the book had when the date was closed.
create table book_day (
  book           int          not null,
  business_date  date         not null,
  first_no       bigint       not null,
  close_no       bigint,
  closed_at      timestamptz,
  primary key (book, business_date)
);

create table account (
  book             int       not null,
  id               bigint    not null,                     -- book << 48 | serial; for a house account the serial is asset * 1000 + kind
  owner            uuid      not null,                     -- the nil UUID for the house
  debits_posted    bigint    not null default 0,
  credits_posted   bigint    not null default 0,
  debits_pending   bigint    not null default 0,           -- the sum of open holds
  credits_pending  bigint    not null default 0,
  last_no          bigint    not null default 0,           -- newest line on this account (0: none): where its history starts
  kind             smallint  not null,                     -- code in the chart of accounts
  asset            smallint  not null,
  side             smallint  not null,                     -- 0 no limit, 1 debits within credits, 2 credits within debits
  primary key (id, book),                                  -- id first: a batch meets its accounts in one pass over the index
  unique (book, kind, owner, asset),
  -- post() never lets these trip; they stand against everybody else
  check (least(debits_posted, credits_posted, debits_pending, credits_pending) >= 0),
  check (side <> 1 or debits_posted  + debits_pending  <= credits_posted),
  check (side <> 2 or credits_posted + credits_pending <= debits_posted)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.5, autovacuum_vacuum_threshold = 200000, autovacuum_vacuum_cost_delay = 1);

-- What a line does (`op`):
--   0 post      moves `amount` from debit to credit
--   1 hold      sets `amount` aside between the two, under the id `hold`, until `expires_at`
--   2 capture   moves `amount` (at most what is held) and sets the rest of the hold free
--   3 release   sets all of the hold free
--   4 expire    the same, because expires_at has passed
create table transfer (
  no             bigint       not null,                    -- wide columns first: no padding
  key            uuid         not null,
  debit          bigint       not null,
  credit         bigint       not null,
  amount         bigint       not null,
  debit_before   bigint       not null,                    -- the line before this one on the debit account (0: none)
  credit_before  bigint       not null,                    -- and on the credit account
  actor          bigint       not null,
  row_hash       bigint       not null,
  book           int          not null,
  business_date  date         not null,
  seq            smallint     not null,                    -- 0, 1, … within the entry
  op             smallint     not null,
  kind           smallint     not null,                    -- what the entry is for
  asset          smallint     not null,
  hold           uuid,
  expires_at     timestamptz,
  reference      uuid,
  primary key (book, no),
  unique (book, key, seq),
  check (amount between 1 and 1000000000000000),
  check (debit <> credit)
) with (autovacuum_vacuum_insert_scale_factor = 0.2, autovacuum_analyze_scale_factor = 0.2);

-- What was refused, word for word: it answers a repetition, and no reader of `transfer` can count it by mistake.
create table refusal (
  no             bigint       not null,
  key            uuid         not null,
  debit          bigint       not null,
  credit         bigint       not null,
  amount         bigint       not null,
  actor          bigint       not null,
  row_hash       bigint       not null,
  book           int          not null,
  business_date  date         not null,
  seq            smallint     not null,
  op             smallint     not null,
  kind           smallint     not null,
  asset          smallint     not null,
  code           smallint     not null,                    -- why: a number of LedgerRefusal
  hold           uuid,
  expires_at     timestamptz,
  reference      uuid,
  primary key (book, no),
  unique (book, key, seq)
);

-- Holds of one entry are linked: they share `link`, the key of that entry, end together and expire together.
create table hold (
  id          uuid         not null,
  link        uuid         not null,
  debit       bigint       not null,
  credit      bigint       not null,
  amount      bigint       not null,
  captured    bigint       not null default 0,
  expires_at  timestamptz  not null,
  book        int          not null,
  asset       smallint     not null,
  linked      smallint     not null,                       -- how many holds share the link
  state       smallint     not null default 1,             -- 1 open; then, once and for all, the op that ended it: 2, 3 or 4
  primary key (book, id)
) with (fillfactor = 70);
create index hold_due on hold (book, expires_at) where state = 1;
create index hold_open on hold (book, debit) where state = 1;

-- One link of the chain per batch and book.
create table batch (
  book         int          not null,
  batch        bigint       not null,
  lines        int          not null,                      -- posted and refused
  recorded_at  timestamptz  not null,                      -- instant of the first line; the others follow by the microsecond
  digest       bytea        not null,                      -- see ledger_link()
  primary key (book, batch),
  unique (book, recorded_at)
);

-- Balances as of closed business dates: one row per account that moved under dates closed with it.
create table balance_day (
  book            int     not null,
  account         bigint  not null,
  business_date   date    not null,
  debits_posted   bigint  not null,                        -- of lines dated up to this day, whenever they were recorded
  credits_posted  bigint  not null,
  debits_so_far   bigint  not null,                        -- of lines recorded up to the close, whatever their date: where a balance as of
  credits_so_far  bigint  not null,                        -- an instant is counted back from,
  last_no         bigint  not null,                        -- beginning with this line
  primary key (book, account, business_date)
);

-- sum() of bigint is numeric and allocates for every row; this is plain addition and fails on overflow.
create aggregate ledger_total(bigint) (sfunc = int8pl, stype = bigint, initcond = '0', combinefunc = int8pl, parallel = safe);

-- A child of a key: time and book of the parent, a hash of parent and purpose (the same as kernel.ids.derived).
create function ledger_derived(parent uuid, purpose text) returns uuid language sql immutable strict parallel safe as $$
  select encode(int8send((('x' || substr(h, 1, 16))::bit(64)::bigint & ~65535::bigint) | 32768 | (d & 4095))
             || int8send((1::bigint << 63) | (('x' || substr(h, 17, 16))::bit(64)::bigint & (65535::bigint << 46)) | ((d >> 12) & ((1::bigint << 46) - 1))), 'hex')::uuid
    from (select encode(uuid_send(parent), 'hex') h,
                 ('x' || encode(substr(sha256(uuid_send(parent) || convert_to(purpose, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint d) x
$$;

-- The hash a line carries of itself: all its columns but the two pointers, which the audit counts anew.
create function ledger_row_hash(no bigint, key uuid, debit bigint, credit bigint, amount bigint, actor bigint, business_date date, seq smallint, op smallint,
                                kind smallint, asset smallint, code smallint, hold uuid, expires_at timestamptz, reference uuid)
returns bigint language sql immutable parallel safe as $$
  select hashint8extended(no, hashint8extended(debit, hashint8extended(credit, hashint8extended(amount, hashint8extended(actor, uuid_hash_extended(key,
         hashint8extended((seq::bigint << 48) | (op::bigint << 40) | (asset::bigint << 16) | code,
         hashint8extended(((business_date - date '2000-01-01')::bigint << 16) | kind,
         coalesce(uuid_hash_extended(hold, 1), 0) # coalesce(timestamptz_hash_extended(expires_at, 2), 0) # coalesce(uuid_hash_extended(reference, 3), 0)))))))))
$$;

-- One link of the chain: the digest before it, then what the batch decided, column by column in the order of the lines, as the binary form of
-- the arrays. A column in which nothing is set stands as an empty string: codes (0: posted), holds, expiries, references.
create function ledger_link(previous bytea, book int, batch bigint, recorded_at timestamptz, key uuid[], seq smallint[], op smallint[], kind smallint[],
                            business_date date[], actor bigint[], asset smallint[], debit bigint[], credit bigint[], amount bigint[],
                            code smallint[], hold uuid[], expires_at timestamptz[], reference uuid[])
returns bytea language sql stable parallel safe as $$
  select sha256(previous || int4send(book) || int8send(batch) || timestamptz_send(recorded_at)
    || array_send(key) || array_send(seq) || array_send(op) || array_send(kind) || array_send(business_date) || array_send(actor)
    || array_send(asset) || array_send(debit) || array_send(credit) || array_send(amount)
    || coalesce(array_send(code), '') || coalesce(array_send(hold), '') || coalesce(array_send(expires_at), '') || coalesce(array_send(reference), ''))
$$;

-- A column of a slice for link(): its elements with a stand-in for null, or null when nothing is set.
create function ledger_filled(anyarray, anyelement) returns anyarray language sql immutable parallel safe as $$
  select case when bool_or(x is not null) then array_agg(coalesce(x, $2) order by o) end from unnest($1) with ordinality u(x, o)
$$;

-- Posts a list of entries exactly as if they had been judged one after the other in the order of the list.
--
-- Parallel arrays, one element per line. The lines of a book stand together, the lines of an entry stand together; seq counts 0, 1, … and opens an
-- entry at 0. p_hold and p_expires are null when no line has to do with a hold, p_reference when no entry carries one. Of p_seq, p_op, p_kind, p_date,
-- p_actor and p_asset one element will do if it is the same for all lines. p_now is the platform's clock; null: read its row.
-- The caller has seen to it that no key and no hold stands in two entries of one list, and that every line is well formed (ledger/rules.py).
--
-- Refusals, in order of precedence (the lowest that applies is the answer; 1, malformed, is not decided here):
--    2 key_reused       the key is known with other content (not remembered: the key has its answer)
--    3 date_closed      the business date is closed
--    4 unknown_hold     no such hold, or it is between other accounts, or of another asset
--    5 hold_exists      the id is taken
--    6 hold_closed      captured, released or expired before; for a capture also: its time has passed
--    7 hold_not_due     expire before its time
--    8 hold_amount      capture of more than is held; release or expire of another amount than is held
--    9 hold_linked      the entry ends a hold and not the others linked with it
--   10 unknown_account  an account is not there, or not in that book
--   11 asset_mismatch   the line's asset is not the account's
--   12 exceeds_limit    the entry would overdraw an account: judged on the net effect of the whole entry
--
-- Returns one row. A line that is new (not a repetition), the i-th of the new ones, has no = o_base + i of its book and belongs to a batch recorded at o_at.
-- Exceptions, parallel: o_pos (position of the entry's first line), o_code (0: stands posted), and for a repetition its first answer: o_no, o_recorded;
-- o_no is null for an entry refused just now, 0 for key_reused.
-- If o_due is set, NOTHING was written: the entry at that position would exceed the limit of o_account, on which holds stand open whose time has passed.
-- Post what comes before it, call ledger_expire(), go on with the rest.
--
-- Arrays are opened by unnest() in the select list, side by side: that streams them, at a sixth of the cost of unnest() in FROM, which stores them first.
create function ledger_post(
  p_now timestamptz, p_book int[], p_key uuid[], p_seq smallint[], p_op smallint[], p_kind smallint[], p_date date[], p_actor bigint[], p_asset smallint[],
  p_debit bigint[], p_credit bigint[], p_amount bigint[], p_hold uuid[], p_expires timestamptz[], p_reference uuid[],
  out o_book int[], out o_base bigint[], out o_at timestamptz[], out o_pos int[], out o_code smallint[], out o_no bigint[], out o_recorded timestamptz[],
  out o_due int, out o_account bigint)
language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off                       -- a plan made on empty tables must use the indexes too
as $$
declare
  n          int := cardinality(p_key);
  v_plain    bool := p_hold is null;                                                    -- nothing but op 0
  v_batch    bigint[]; v_digest bytea[]; v_top uuid[]; v_clock timestamptz[];           -- by book + 1: the rows of the books
  v_closed   date[]; v_newest date[]; v_base bigint[];
  d_lo       int[]; d_hi int[];                                                         -- by place in o_book: where the book's lines stand
  f_known    bool; f_closed bool; f_dates bool; f_apart bool;
  v_origin   int[];       -- by line: its position in the caller's list, once repetitions were dropped; null: the same
  v_code     smallint[];  -- by line of seq 0: 0 go on, else the refusal. Null: all 0
  v_line     smallint[];  -- by line: the code of its entry. Null: all 0
  v_held     bigint[];    -- by line: what its hold holds (0: the line ends no hold)
  v_before   bigint[];    -- by line: the line before it on its debit account, then n more for its credit account
  -- accounts touched, by id: what the list does to them (posted, pending, and what has to find room), and how and where they stand
  a_book int[]; a_id bigint[]; a_asset smallint[]; a_last bigint[]; a_d bigint[]; a_c bigint[]; a_pd bigint[]; a_pc bigint[]; a_nd bigint[]; a_nc bigint[];
  r_book int[]; r_id bigint[]; r_asset smallint[]; r_last bigint[]; r_side smallint[]; r_room bigint[]; r_pending bigint[]; r_tid tid[];
  c_id bigint[]; c_side smallint[]; c_room bigint[]; c_due bool[];                      -- the contested among them
  v_refused bool := false; v_again bool; v_moved int; r record;
begin
  if n = 0 then return; end if;
  if cardinality(p_seq)   < n then p_seq   := array_fill(p_seq[1],   array[n]); end if;
  if cardinality(p_op)    < n then p_op    := array_fill(p_op[1],    array[n]); end if;
  if cardinality(p_kind)  < n then p_kind  := array_fill(p_kind[1],  array[n]); end if;
  if cardinality(p_date)  < n then p_date  := array_fill(p_date[1],  array[n]); end if;
  if cardinality(p_actor) < n then p_actor := array_fill(p_actor[1], array[n]); end if;
  if cardinality(p_asset) < n then p_asset := array_fill(p_asset[1], array[n]); end if;
  if p_now is null then select instant into strict p_now from platform_clock; end if;

  -- 1. Lock the books, in ascending order. From here on nobody else changes their accounts, holds, dates or chain.
  with b as materialized (
    select b.* from book b where b.book = any (array(select distinct unnest(p_book))) order by b.book for no key update)
  select array_agg(b.batch + 1 order by g), array_agg(b.digest order by g), array_agg(b.top order by g), array_agg(greatest(b.clock, p_now) order by g),
         array_agg(b.closed_through order by g), array_agg(b.newest_date order by g)
    into v_batch, v_digest, v_top, v_clock, v_closed, v_newest
    from generate_series(0, (select max(book) from b)) g left join b on b.book = g;
  select bool_or(seq = 0 and key <= v_top[book + 1]), bool_or(day <= v_closed[book + 1]), bool_or(day is distinct from v_newest[book + 1])
    into f_known, f_closed, f_dates
    from (select unnest(p_book) book, unnest(p_key) key, unnest(p_seq) seq, unnest(p_date) as day) x;

  -- 2. Repetitions: they get their first answer if the content is the same, line by line, and leave the list.
  if f_known then
    with known as materialized (
      select x.ord pos, x.book, x.key, s.no, s.code
        from (select unnest(p_book) book, unnest(p_key) key, unnest(p_seq) seq, generate_series(1, n) ord) x,
             lateral (select t.no, 0::smallint code from transfer t where x.seq = 0 and x.key <= v_top[x.book + 1] and t.book = x.book and t.key = x.key and t.seq = 0
                      union all
                      select f.no, f.code from refusal f where x.seq = 0 and x.key <= v_top[x.book + 1] and f.book = x.book and f.key = x.key and f.seq = 0) s),
    recorded as (
      select k.pos, u.*
        from known k,
             lateral (select t.seq, t.op, t.kind, t.business_date, t.actor, t.asset, t.debit, t.credit, t.amount, t.hold, t.expires_at, t.reference
                        from transfer t where t.book = k.book and t.key = k.key
                      union all
                      select f.seq, f.op, f.kind, f.business_date, f.actor, f.asset, f.debit, f.credit, f.amount, f.hold, f.expires_at, f.reference
                        from refusal f where f.book = k.book and f.key = k.key) u),
    given as (
      select k.pos, x.*
        from (select unnest(p_seq) seq, unnest(p_op) op, unnest(p_kind) kind, unnest(p_date) business_date, unnest(p_actor) actor, unnest(p_asset) asset,
                     unnest(p_debit) debit, unnest(p_credit) credit, unnest(p_amount) amount, unnest(p_hold) hold, unnest(p_expires) expires_at,
                     unnest(p_reference) reference, generate_series(1, n) ord) x
        join known k on k.pos = x.ord - x.seq),
    compared as (
      select pos, bool_and((g.op, g.kind, g.business_date, g.actor, g.asset, g.debit, g.credit, g.amount, g.hold, g.expires_at, g.reference)
         is not distinct from (w.op, w.kind, w.business_date, w.actor, w.asset, w.debit, w.credit, w.amount, w.hold, w.expires_at, w.reference)) same
        from given g full join recorded w using (pos, seq) group by pos)
    select array_agg(k.pos), array_agg(case when c.same then k.code else 2 end), array_agg(case when c.same then k.no else 0 end),
           array_agg(case when c.same then b.recorded_at + ((k.no & 1048575) - 1) * interval '1 microsecond' end)
      into o_pos, o_code, o_no, o_recorded
      from known k join compared c using (pos) join batch b on b.book = k.book and b.batch = k.no >> 20;
  end if;
  if o_pos is not null then
    select array_agg(ord order by ord), array_agg(book order by ord), array_agg(key order by ord), array_agg(seq order by ord), array_agg(op order by ord),
           array_agg(kind order by ord), array_agg(day order by ord), array_agg(actor order by ord), array_agg(asset order by ord), array_agg(debit order by ord),
           array_agg(credit order by ord), array_agg(amount order by ord), case when not v_plain then array_agg(hold order by ord) end,
           array_agg(expires order by ord), array_agg(reference order by ord)
      into v_origin, p_book, p_key, p_seq, p_op, p_kind, p_date, p_actor, p_asset, p_debit, p_credit, p_amount, p_hold, p_expires, p_reference
      from (select unnest(p_book) book, unnest(p_key) key, unnest(p_seq) seq, unnest(p_op) op, unnest(p_kind) kind, unnest(p_date) as day, unnest(p_actor) actor,
                   unnest(p_asset) asset, unnest(p_debit) debit, unnest(p_credit) credit, unnest(p_amount) amount, unnest(p_hold) hold, unnest(p_expires) expires,
                   unnest(p_reference) reference, generate_series(1, n) ord) x
     where not exists (select from unnest(o_pos) d(pos) where d.pos = x.ord - x.seq);
    if p_key is null then return; end if;
    n := cardinality(p_key);
  end if;

  -- 3. Where the lines of each book stand, and the numbers they will bear.
  select array_agg(book order by book), array_agg(lo order by book), array_agg(hi order by book), array_agg(v_clock[book + 1] order by book),
         array_agg((v_batch[book + 1] << 20) - lo + 1 order by book), bool_or(hi - lo >= lines or lines > 1048575 or v_batch[book + 1] is null)
    into o_book, d_lo, d_hi, o_at, o_base, f_apart
    from (select book, min(ord) lo, max(ord) hi, count(*) lines from (select unnest(p_book) book, generate_series(1, n) ord) x group by book) s;
  if f_apart then raise exception 'post: a book is unknown, or its lines do not stand together'; end if;
  select array_agg(b.base order by g) into v_base from generate_series(0, o_book[cardinality(o_book)]) g left join unnest(o_book, o_base) b(book, base) on b.book = g;

  -- 4. What needs no sums: closed dates, and holds that are not there, not open, not due or too small.
  if f_closed then
    v_code := array_fill(0::smallint, array[n]);
    for r in
      select x.ord from (select unnest(p_book) book, unnest(p_date) as day, unnest(p_seq) seq, generate_series(1, n) ord) x where x.seq = 0 and x.day <= v_closed[x.book + 1]
    loop v_code[r.ord] := 3; v_refused := true; end loop;
  end if;
  if not v_plain then
    select array_agg(coalesce(h.amount, 0) order by x.ord) into v_held
      from (select unnest(p_book) book, unnest(p_hold) id, unnest(p_op) op, generate_series(1, n) ord) x left join hold h on x.op > 1 and h.book = x.book and h.id = x.id;
    for r in
      select pos, min(case when code is not null then code when op > 1 and mates <> linked then 9 end) code
        from (select x.ord - x.seq pos, x.op, h.linked, count(*) over (partition by x.ord - x.seq, h.link) mates, case
                when x.op = 1                                                                            then case when h.id is not null then 5 end
                when h.id is null or (h.debit, h.credit, h.asset) <> (x.debit, x.credit, x.asset)        then 4
                when h.state <> 1 or x.op = 2 and h.expires_at <= p_now                                  then 6
                when x.op = 4 and h.expires_at > p_now                                                   then 7
                when x.amount > h.amount or x.op > 2 and x.amount <> h.amount                            then 8 end code
                from (select unnest(p_book) book, unnest(p_hold) id, unnest(p_seq) seq, unnest(p_op) op, unnest(p_debit) debit, unnest(p_credit) credit,
                             unnest(p_asset) asset, unnest(p_amount) amount, generate_series(1, n) ord) x
                left join hold h on h.book = x.book and h.id = x.id
               where x.op > 0) y
       where code is not null or op > 1 and mates <> linked group by pos
    loop
      v_code := coalesce(v_code, array_fill(0::smallint, array[n]));
      if v_code[r.pos] = 0 then v_code[r.pos] := r.code; v_refused := true; end if;
    end loop;
  end if;

  -- 5. What the list does to each account, and which limits that could reach. An account whose room covers all that the list takes from it, not counting
  --    what it receives, is safe whichever entries are refused. Only entries on the few other accounts are judged one by one.
  loop
    if v_code is not null then
      select array_agg(v_code[ord - seq] order by ord) into v_line from (select unnest(p_seq) seq, generate_series(1, n) ord) x;
    end if;
    if v_plain then
      select array_agg(acct), array_agg(book), array_agg(asset), array_agg(d), array_agg(c), array_agg(last) into a_id, a_book, a_asset, a_d, a_c, a_last
        from (select acct, book, asset, ledger_total(d) d, ledger_total(c) c, v_base[book + 1] + max(ord) last
                from (select unnest(p_debit) acct, unnest(p_book) book, unnest(p_asset) asset, unnest(p_amount) d, 0::bigint c, generate_series(1, n) ord
                      union all
                      select unnest(p_credit), unnest(p_book), unnest(p_asset), 0, unnest(p_amount), generate_series(1, n)) z
               where v_line is null or v_line[ord] = 0
               group by acct, book, asset order by acct) y;
      a_pd := array_fill(0::bigint, array[coalesce(cardinality(a_id), 0)]); a_pc := a_pd; a_nd := a_d; a_nc := a_c;
    else
      select array_agg(acct), array_agg(book), array_agg(asset), array_agg(d), array_agg(c), array_agg(pd), array_agg(pc), array_agg(nd), array_agg(nc), array_agg(last)
        into a_id, a_book, a_asset, a_d, a_c, a_pd, a_pc, a_nd, a_nc, a_last
        from (select acct, book, asset, v_base[book + 1] + max(ord) last,
                     ledger_total(case when debited and op in (0, 2) then amount else 0 end) d,      ledger_total(case when not debited and op in (0, 2) then amount else 0 end) c,
                     ledger_total(case when not debited then 0 when op = 1 then amount else -held end) pd, ledger_total(case when debited then 0 when op = 1 then amount else -held end) pc,
                     ledger_total(case when debited and op < 2 then amount else 0 end) nd,           ledger_total(case when not debited and op < 2 then amount else 0 end) nc
                from (select true debited, unnest(p_debit) acct, unnest(p_book) book, unnest(p_asset) asset, unnest(p_amount) amount, unnest(p_op) op, unnest(v_held) held, generate_series(1, n) ord
                      union all
                      select false, unnest(p_credit), unnest(p_book), unnest(p_asset), unnest(p_amount), unnest(p_op), unnest(v_held), generate_series(1, n)) z
               where v_line is null or v_line[ord] = 0
               group by acct, book, asset order by acct) y;
    end if;
    if v_again then                                                                      -- limits are judged, only the sums were wanted
      select array_agg(o.last order by o.id), array_agg(o.tid order by o.id) into r_last, r_tid
        from unnest(r_id, r_last, r_tid) o(id, last, tid) join unnest(a_id) w(id) using (id);
      exit;
    end if;
    exit when a_id is null;

    select array_agg(id), array_agg(book), array_agg(asset), array_agg(last_no), array_agg(side), array_agg(room), array_agg(pending), array_agg(tid)
      into r_id, r_book, r_asset, r_last, r_side, r_room, r_pending, r_tid
      from (select id, book, asset, last_no, side, ctid tid,
                   case side when 1 then credits_posted - debits_posted - debits_pending when 2 then debits_posted - credits_posted - credits_pending end room,
                   case side when 1 then debits_pending when 2 then credits_pending end pending
              from account where id = any (a_id) order by id) a;
    if (r_id, r_book, r_asset) is distinct from (a_id, a_book, a_asset) then             -- an account is missing, in another book or of another asset
      v_code := coalesce(v_code, array_fill(0::smallint, array[n]));
      for r in
        select x.ord - x.seq pos, min(case when a.id is null or b.id is null then 10 else 11 end) code
          from (select unnest(p_book) book, unnest(p_debit) debit, unnest(p_credit) credit, unnest(p_asset) asset, unnest(p_seq) seq, generate_series(1, n) ord) x
          left join account a on a.book = x.book and a.id = x.debit
          left join account b on b.book = x.book and b.id = x.credit
         where v_code[x.ord - x.seq] = 0 and (a.id is null or b.id is null or a.asset <> x.asset or b.asset <> x.asset)
         group by 1
      loop v_code[r.pos] := r.code; v_refused := true; end loop;
      continue;
    end if;
    select array_agg(id), array_agg(side), array_agg(room), array_agg(pending > 0 and (
             side = 1 and exists (select from hold h where h.book = w.book and h.debit = w.id and h.state = 1 and h.expires_at <= p_now) or
             side = 2 and exists (select from hold h where h.book = w.book and h.credit = w.id and h.state = 1 and h.expires_at <= p_now)))
      into c_id, c_side, c_room, c_due
      from (select unnest(a_id) id, unnest(a_book) book, unnest(a_nd) nd, unnest(a_nc) nc, unnest(r_side) side, unnest(r_room) room, unnest(r_pending) pending) w
     where side = 1 and nd > room or side = 2 and nc > room;
    exit when c_id is null;
    v_code := coalesce(v_code, array_fill(0::smallint, array[n]));
    v_again := false;
    for r in   -- a row per entry on a contested account, in the order of the list, with its net effect on each
      select pos, array_agg(ci order by ci) ci, array_agg(net order by ci) net
        from (select *, c_room[ci] + ledger_total(least(net, 0)) over (partition by ci) < 0 tight            -- counted net, most accounts turn out safe
                from (select m.pos, c.ci, ledger_total(case c.side when 1 then m.c - m.d - m.pd else m.d - m.c - m.pc end) net
                        from unnest(c_id, c_side) with ordinality c(id, side, ci)
                        join (select ord - seq pos, acct,
                                     case when debited and op in (0, 2) then amount else 0 end d, case when not debited and op in (0, 2) then amount else 0 end c,
                                     case when not debited then 0 when op = 1 then amount when op > 1 then -held else 0 end pd,
                                     case when debited then 0 when op = 1 then amount when op > 1 then -held else 0 end pc
                                from (select true debited, unnest(p_debit) acct, unnest(p_amount) amount, unnest(p_op) op, unnest(v_held) held, unnest(p_seq) seq, generate_series(1, n) ord
                                      union all
                                      select false, unnest(p_credit), unnest(p_amount), unnest(p_op), unnest(v_held), unnest(p_seq), generate_series(1, n)) z
                               where v_code[ord - seq] = 0) m on m.acct = c.id
                       group by m.pos, c.ci) e) e
       where tight group by pos order by pos
    loop
      for k in 1 .. cardinality(r.ci) loop
        if r.net[k] < 0 and c_room[r.ci[k]] + r.net[k] < 0 then
          if c_due[r.ci[k]] then o_due := coalesce(v_origin[r.pos], r.pos); o_account := c_id[r.ci[k]]; return; end if;
          v_code[r.pos] := 12; v_refused := true; v_again := true; exit;
        end if;
      end loop;
      if v_code[r.pos] = 0 then
        for k in 1 .. cardinality(r.ci) loop c_room[r.ci[k]] := c_room[r.ci[k]] + r.net[k]; end loop;
      end if;
    end loop;
    exit when not v_again;
  end loop;

  -- 6. Write: the lines, the balances, the holds.
  if a_id is not null then
    select array_agg(before order by slot) into v_before                                 -- every line follows the one before it here, or else the account's newest
      from (select slot, coalesce(lag(no) over (partition by acct order by no), r_last[dense_rank() over (order by acct)]) before
              from (select case when v_line is null or v_line[ord] = 0 then acct end acct, v_base[book + 1] + ord no, slot   -- refused: null, which sorts last
                      from (select unnest(p_debit) acct, unnest(p_book) book, generate_series(1, n) ord, generate_series(1, n) slot
                            union all
                            select unnest(p_credit), unnest(p_book), generate_series(1, n), generate_series(n + 1, n + n)) z) m) b;
    insert into transfer (no, key, debit, credit, amount, debit_before, credit_before, actor, row_hash, book, business_date, seq, op, kind, asset, hold, expires_at, reference)
      select v_base[book + 1] + ord, key, debit, credit, amount, db, cb, actor,
             ledger_row_hash(v_base[book + 1] + ord, key, debit, credit, amount, actor, day, seq, op, kind, asset, 0::smallint, hold, expires, reference),
             book, day, seq, op, kind, asset, hold, expires, reference
        from (select unnest(p_book) book, unnest(p_key) key, unnest(p_seq) seq, unnest(p_op) op, unnest(p_kind) kind, unnest(p_date) as day, unnest(p_actor) actor,
                     unnest(p_asset) asset, unnest(p_debit) debit, unnest(p_credit) credit, unnest(p_amount) amount, unnest(p_hold) hold, unnest(p_expires) expires,
                     unnest(p_reference) reference, unnest(v_before[:n]) db, unnest(v_before[n+1:]) cb, generate_series(1, n) ord) x
       where v_line is null or v_line[ord] = 0;
    update account a                                                                     -- by where they stand: the index was searched once, a fifth of the cost
       set debits_posted  = a.debits_posted  + w.d,  credits_posted  = a.credits_posted  + w.c,
           debits_pending = a.debits_pending + w.pd, credits_pending = a.credits_pending + w.pc, last_no = w.last
      from (select unnest(r_tid) tid, unnest(a_book) book, unnest(a_d) d, unnest(a_c) c, unnest(a_pd) pd, unnest(a_pc) pc, unnest(a_last) as last) w
     where a.ctid = w.tid and a.book = w.book;
    get diagnostics v_moved = row_count;
    if v_moved <> cardinality(a_id) then raise exception 'post: somebody else changed an account of a locked book'; end if;
    if not v_plain then
      insert into hold (id, link, debit, credit, amount, expires_at, book, asset, linked)
        select id, key, debit, credit, amount, expires, book, asset, count(*) over (partition by ord - seq)
          from (select unnest(p_book) book, unnest(p_key) key, unnest(p_hold) id, unnest(p_debit) debit, unnest(p_credit) credit, unnest(p_amount) amount,
                       unnest(p_expires) expires, unnest(p_asset) asset, unnest(p_op) op, unnest(p_seq) seq, generate_series(1, n) ord) x
         where op = 1 and (v_line is null or v_line[ord] = 0);
      update hold h set state = x.op, captured = case x.op when 2 then x.amount else 0 end
        from (select unnest(p_book) book, unnest(p_hold) id, unnest(p_amount) amount, unnest(p_op) op, generate_series(1, n) ord) x
       where x.op > 1 and h.book = x.book and h.id = x.id and (v_line is null or v_line[x.ord] = 0);
    end if;
  end if;
  if v_refused then
    select array_agg(v_code[ord - seq] order by ord) into v_line from (select unnest(p_seq) seq, generate_series(1, n) ord) x;
    insert into refusal (no, key, debit, credit, amount, actor, row_hash, book, business_date, seq, op, kind, asset, code, hold, expires_at, reference)
      select v_base[book + 1] + ord, key, debit, credit, amount, actor,
             ledger_row_hash(v_base[book + 1] + ord, key, debit, credit, amount, actor, day, seq, op, kind, asset, code, hold, expires, reference),
             book, day, seq, op, kind, asset, code, hold, expires, reference
        from (select unnest(p_book) book, unnest(p_key) key, unnest(p_seq) seq, unnest(p_op) op, unnest(p_kind) kind, unnest(p_date) as day, unnest(p_actor) actor,
                     unnest(p_asset) asset, unnest(p_debit) debit, unnest(p_credit) credit, unnest(p_amount) amount, unnest(p_hold) hold, unnest(p_expires) expires,
                     unnest(p_reference) reference, unnest(v_line) code, generate_series(1, n) ord) x
       where code > 0;
    select o_pos || array_agg(coalesce(v_origin[ord], ord)), o_code || array_agg(code), o_no || array_agg(null::bigint), o_recorded || array_agg(null::timestamptz)
      into o_pos, o_code, o_no, o_recorded
      from (select unnest(v_code) code, generate_series(1, n) ord) x where code > 0;
  end if;

  -- 7. The dates met, one link of the chain per book, and the rows of the books.
  if f_dates then
    insert into book_day (book, business_date, first_no)
      select book, day, min(v_base[book + 1] + ord) from (select unnest(p_book) book, unnest(p_date) as day, generate_series(1, n) ord) x
       where day > v_closed[book + 1] is not false group by 1, 2
      on conflict do nothing;
  end if;
  with link as (
    select d.book, v_batch[d.book + 1] batch, d.at, d.hi - d.lo + 1 lines, t.top, t.day,
           ledger_link(v_digest[d.book + 1], d.book, v_batch[d.book + 1], d.at, p_key[d.lo:d.hi], p_seq[d.lo:d.hi], p_op[d.lo:d.hi], p_kind[d.lo:d.hi],
                       p_date[d.lo:d.hi], p_actor[d.lo:d.hi], p_asset[d.lo:d.hi], p_debit[d.lo:d.hi], p_credit[d.lo:d.hi], p_amount[d.lo:d.hi],
                       case when v_refused then nullif(v_line[d.lo:d.hi], array_fill(0::smallint, array[d.hi - d.lo + 1])) end,
                       case when not v_plain then ledger_filled(p_hold[d.lo:d.hi], '00000000-0000-0000-0000-000000000000') end,
                       case when not v_plain then ledger_filled(p_expires[d.lo:d.hi], 'epoch') end,
                       case when p_reference is not null then ledger_filled(p_reference[d.lo:d.hi], '00000000-0000-0000-0000-000000000000') end) digest
      from unnest(o_book, d_lo, d_hi, o_at) d(book, lo, hi, at),
           lateral (select (select k from unnest(p_key[d.lo:d.hi]) k order by k desc limit 1) top,
                           case when f_dates then (select max(k) from unnest(p_date[d.lo:d.hi]) k) end as day) t),
  kept as (insert into batch (book, batch, lines, recorded_at, digest) select book, batch, lines, at, digest from link)
  update book b
     set batch = l.batch, digest = l.digest, top = greatest(b.top, l.top), newest_date = greatest(b.newest_date, l.day), clock = l.at + l.lines * interval '1 microsecond'
    from link l where b.book = l.book;
end $$;

-- Ends open holds whose time has passed, oldest first, at most p_limit links: in the whole book, or those that take room from one account.
-- Each link ends by an entry of its own under a key derived from the link, dated p_date (the first open date if that is closed).
-- Returns how many holds ended.
create function ledger_expire(p_now timestamptz, p_book int, p_account bigint, p_date date, p_limit int) returns int language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  n int; v_key uuid[]; v_seq smallint[]; v_asset smallint[]; v_debit bigint[]; v_credit bigint[]; v_amount bigint[]; v_hold uuid[]; v_codes smallint[];
begin
  if p_now is null then select instant into strict p_now from platform_clock; end if;
  select greatest(p_date, closed_through + 1) into p_date from book where book = p_book for no key update;
  with due as (
    select link, min(expires_at) since
      from (select h.link, h.expires_at from hold h where p_account is null and h.book = p_book and h.state = 1 and h.expires_at <= p_now
            union all
            select h.link, h.expires_at from account a join hold h on h.book = p_book and h.debit = p_account and h.state = 1 and h.expires_at <= p_now
             where a.book = p_book and a.id = p_account and a.side = 1
            union all
            select h.link, h.expires_at from account a join hold h on h.book = p_book and h.credit = p_account and h.state = 1 and h.expires_at <= p_now
             where a.book = p_book and a.id = p_account and a.side = 2) o
     group by link order by since, link limit p_limit),
  line as (
    select d.since, d.link, ledger_derived(d.link, 'expire') key, (row_number() over (partition by d.link order by t.seq) - 1)::smallint seq, h.*
      from due d join transfer t on t.book = p_book and t.key = d.link and t.op = 1
      join lateral (select h.id, h.debit, h.credit, h.amount, h.asset from hold h where h.book = p_book and h.id = t.hold) h on true)
  select count(*), array_agg(key order by since, link, seq), array_agg(seq order by since, link, seq), array_agg(asset order by since, link, seq),
         array_agg(debit order by since, link, seq), array_agg(credit order by since, link, seq), array_agg(amount order by since, link, seq),
         array_agg(id order by since, link, seq)
    into n, v_key, v_seq, v_asset, v_debit, v_credit, v_amount, v_hold from line;
  if n > 0 then
    select o_code into v_codes from ledger_post(p_now, array_fill(p_book, array[n]), v_key, v_seq, array_fill(4::smallint, array[n]), array_fill(0::smallint, array[n]),
      array_fill(p_date, array[n]), array_fill(0::bigint, array[n]), v_asset, v_debit, v_credit, v_amount, v_hold, null, null);
    if v_codes is not null then raise exception 'expire: holds of book % could not be ended: %', p_book, v_codes; end if;
  end if;
  return n;
end $$;

-- Opens accounts; who asks again for (book, kind, owner, asset) gets the same id. Parallel arrays; the nil owner is the house.
create function ledger_open_accounts(p_book int[], p_kind smallint[], p_owner uuid[], p_asset smallint[], p_side smallint[]) returns bigint[] language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
begin
  perform from book where book = any (p_book) order by book for no key update;
  with wanted as (
    select distinct on (x.book, x.kind, x.owner, x.asset) x.*, x.owner <> '00000000-0000-0000-0000-000000000000' personal
      from unnest(p_book, p_kind, p_owner, p_asset, p_side) with ordinality x(book, kind, owner, asset, side, ord)
     where not exists (select from account a where a.book = x.book and a.kind = x.kind and a.owner = x.owner and a.asset = x.asset)
     order by x.book, x.kind, x.owner, x.asset, x.ord),
  fresh as (
    select w.*, case when personal then b.next_serial - 1 + row_number() over (partition by w.book, personal order by w.ord) else w.asset * 1000::bigint + w.kind end serial
      from wanted w join book b on b.book = w.book),
  opened as (
    insert into account (book, id, owner, kind, asset, side)
      select book, (book::bigint << 48) | serial, owner, kind, asset, side from fresh where personal or kind between 0 and 999)
  update book b set next_serial = f.serial + 1
    from (select book, max(serial) serial from fresh where personal group by book) f where b.book = f.book;
  return (select array_agg(a.id order by x.ord)
            from unnest(p_book, p_kind, p_owner, p_asset) with ordinality x(book, kind, owner, asset, ord)
            left join account a on a.book = x.book and a.kind = x.kind and a.owner = x.owner and a.asset = x.asset);
end $$;

-- Closes a business date of a book: what it says stands for ever. Returns how many balances were written; null if an earlier date with entries is open;
-- 0 if it was closed before. The balance of the date is the running balance less what carries a later date.
create function ledger_close_date(p_now timestamptz, p_book int, p_date date) returns bigint language plpgsql
set plan_cache_mode = force_generic_plan
as $$
declare
  v_closed date; v_batch bigint; v_rows bigint;
begin
  select closed_through, batch into v_closed, v_batch from book where book = p_book for no key update;
  if p_date <= v_closed then return 0; end if;
  if exists (select from book_day where book = p_book and closed_at is null and business_date < p_date) then return null; end if;
  insert into balance_day (book, account, business_date, debits_posted, credits_posted, debits_so_far, credits_so_far, last_no)
    select p_book, a.id, p_date, a.debits_posted - m.later_d, a.credits_posted - m.later_c, a.debits_posted, a.credits_posted, a.last_no
      from (select s.account, coalesce(ledger_total(t.amount) filter (where t.business_date > p_date and s.debited), 0) later_d,
                              coalesce(ledger_total(t.amount) filter (where t.business_date > p_date and not s.debited), 0) later_c
              from transfer t, lateral (values (t.debit, true), (t.credit, false)) s(account, debited)
             where t.book = p_book and t.op in (0, 2)
               and t.no >= (select min(first_no) from book_day where book = p_book and business_date > v_closed is not false)
             group by s.account having bool_or(t.business_date <= p_date and t.business_date > v_closed is not false)) m
      join account a on a.book = p_book and a.id = m.account;
  get diagnostics v_rows = row_count;
  insert into book_day (book, business_date, first_no, close_no, closed_at) values (p_book, p_date, v_batch << 20, (v_batch << 20) | 1048575, p_now)
    on conflict (book, business_date) do update set close_no = excluded.close_no, closed_at = excluded.closed_at;
  update book set closed_through = p_date where book = p_book;
  return v_rows;
end $$;

comment on table book        is 'distributed by book: the lock, the head of the chain, what the book has met';
comment on table book_day    is 'distributed by book: business dates met and closed';
comment on table account     is 'distributed by book: running sums';
comment on table transfer    is 'distributed by book: history, append only';
comment on table refusal     is 'distributed by book: remembered refusals, append only';
comment on table hold        is 'distributed by book: reserved money';
comment on table batch       is 'distributed by book: the chain, append only';
comment on table balance_day is 'distributed by book: balances of closed dates, append only';
grant select, insert, update on book, book_day, account, hold to tapwealth_program;
grant select, insert on transfer, refusal, batch, balance_day to tapwealth_program;

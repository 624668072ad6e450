-- Notices on their way to customers' phones: what goes out together, over which channels, and what became of it.

alter table notice add column routed boolean not null default true;    -- what was told before is not sent now
alter table notice alter column routed set default false;
alter table notice add column message uuid;                            -- tells of it on the phone; null: the inbox alone does
create index notice_unrouted on notice (book, person, turn) where not routed;
grant update (read_at, routed, message) on notice to tapwealth_program;

create table notice_router (                                           -- its row is the lock of who routes a book's notices
  book  int  not null,
  primary key (book)
);

create table notice_preference (                                       -- of those who chose anything
  book      int     not null,
  person    uuid    not null,
  language  text    not null check (language in ('zh', 'en')),
  off       text[]  not null,                                          -- "kind channel" of what does not come
  primary key (book, person)
);

create table notice_message (                                          -- tells one person of one notice, or of several together
  book      int          not null,
  id        uuid         not null,                                     -- follows from the first notice
  person    uuid         not null,
  urgent    boolean      not null,                                     -- at once, over all its channels
  channels  text[]       not null,                                     -- in the order in which they are tried
  subjects  text[]       not null,                                     -- "kind link" of what it tells of, each once
  newest    uuid         not null,                                     -- the notice that it tells in words
  made_at   timestamptz  not null,                                     -- platform clock
  primary key (book, id)
) with (fillfactor = 80);
create index notice_message_person on notice_message (book, person, made_at);

create table notice_delivery (                                         -- a message over one channel; its id is its serial at the messenger
  book        int          not null,
  id          uuid         not null,
  message     uuid         not null,
  person      uuid         not null,
  channel     text         not null check (channel in ('push', 'sms')),
  urgent      boolean      not null,
  state       text         not null
              check (state in ('waiting', 'sent', 'accepted', 'delivered', 'bounced', 'given_up', 'withdrawn')),
  reason      text         not null default '',
  not_before  timestamptz  not null,                                   -- platform clock
  next_at     timestamptz,                                             -- machine's clock: looked after again; null: waiting, or over
  tries       int          not null default 0,                         -- how often it was sent, or asked about before it was accepted
  asked       int          not null default 0,                         -- how often it was asked about since
  ended_at    timestamptz,                                             -- platform clock
  primary key (book, id),
  unique (book, message, channel)
) with (fillfactor = 70);
create index notice_delivery_waiting on notice_delivery (channel, not_before) where state = 'waiting';
create index notice_delivery_due on notice_delivery (channel, next_at) where next_at is not null;
create index notice_delivery_person on notice_delivery (book, person, channel, not_before);
create index notice_delivery_undelivered on notice_delivery (channel, state) where state not in ('delivered', 'withdrawn');

grant select, insert on notice_router to tapwealth_program;
grant update on notice_router to tapwealth_program;                    -- to lock its rows
grant select, insert, update on notice_preference, notice_message, notice_delivery to tapwealth_program;
comment on table notice_router is 'distributed by book: who routes notices holds the row of their book';
comment on table notice_preference is 'distributed by book: which notices come to a customer''s phone, and in which language';
comment on table notice_message is 'distributed by book: what goes to a customer''s phone together';
comment on table notice_delivery is 'distributed by book: messages over a channel, and what became of them';

-- foreign keys

alter table notice_delivery add constraint notice_delivery_message foreign key (book, message) references notice_message (book, id);

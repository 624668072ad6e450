-- Claims of policies: what was lost, what shows it (sealed, in pieces), what the insurer pays for it, what of that comes back, and the payments
-- of which a customer says that they were not theirs.

create table tap_dispute (                               -- a customer says: this payment was not mine
  book          int         not null,
  tap           uuid        not null,
  person        uuid        not null,
  reported_on   date        not null,                    -- Shanghai day
  reported_at   timestamptz not null,
  primary key (book, tap)
);
create index tap_dispute_person on tap_dispute (book, person, reported_at);

create table claim (
  book          int         not null,
  id            uuid        not null,
  policy        uuid        not null,
  person        uuid        not null,
  kind          text        not null check (kind in ('screen', 'payment', 'accident', 'death')),
  loss_day      date        not null,
  loss          bigint      not null check (loss > 0),   -- fen that are asked for
  said          bytea       not null,                    -- what happened, sealed
  notified_at   timestamptz not null,
  notified_on   date        not null,
  arrears       bigint      not null,                    -- of the premium, deducted once
  tap           uuid,
  state         text        not null check (state in ('notified', 'papers_asked', 'assessing', 'with_insurer', 'agreed', 'refused', 'paid',
                                                      'appealed', 'closed')),
  asked         text        not null,                    -- papers that were asked for, parted by blanks
  asked_on      date,
  complete_on   date,
  found         bigint      not null,
  agreed_on     date,
  refused_on    date,
  reason        text        not null,
  told_on       date,
  paid_on       date,
  appealed_on   date,
  closed_on     date,
  due_on        date,                                    -- the next day by which something is due by law
  warned_on     date,
  erase_on      date,
  erased_on     date,
  primary key (book, id),
  check ((kind = 'payment') = (tap is not null)),
  check ((state = 'closed') = (closed_on is not null))
) with (fillfactor = 70);
create unique index claim_tap on claim (book, tap) where tap is not null;   -- the same payment is claimed once
create index claim_policy on claim (book, policy);
create index claim_person on claim (book, person, notified_at);
create index claim_open on claim (book, state) where state in ('notified', 'papers_asked', 'assessing', 'with_insurer', 'agreed', 'appealed');
create index claim_due on claim (book, due_on) where due_on is not null;
create index claim_over on claim (book, greatest(refused_on, paid_on)) where state in ('refused', 'paid');
create index claim_erase on claim (book, erase_on) where erased_on is null;

create table claim_payment (                             -- what the insurer is asked to pay, and pays by the bank under the serial
  book          int         not null,
  claim         uuid        not null,
  number        smallint    not null,
  serial        text        not null,
  part          text        not null check (part in ('certain', 'whole', 'appeal')),
  amount        bigint      not null check (amount > 0),
  arrears       bigint      not null,                    -- deducted
  asked_on      date        not null,
  agreed_on     date,
  refused_on    date,
  reason        text        not null,
  paid_on       date,
  matched_on    date,                                    -- date of the bordereau that names it
  primary key (book, claim, number),
  check (paid_on is null or agreed_on is not null),
  check (agreed_on is null or refused_on is null)
) with (fillfactor = 70);
create unique index claim_payment_serial on claim_payment (book, serial);
create index claim_payment_asked on claim_payment (book, asked_on) where agreed_on is null and refused_on is null;
create index claim_payment_awaited on claim_payment (book, agreed_on) where paid_on is null;

create table claim_recovery (                            -- what of a claim's money comes back, for the insurer
  book          int         not null,
  claim         uuid        not null,
  number        smallint    not null,
  serial        text        not null,                    -- the end-to-end id under which it is to be paid in
  amount        bigint      not null check (amount > 0),
  source        bytea       not null,                    -- who pays it, sealed
  expected_on   date        not null,
  received_on   date,
  matched_on    date,
  primary key (book, claim, number)
) with (fillfactor = 70);
create unique index claim_recovery_serial on claim_recovery (book, serial);

create table claim_paper (                               -- a file that shows something of a loss; its hash stays when it is erased
  book          int         not null,
  id            uuid        not null,
  claim         uuid        not null,
  paper         text        not null,
  media_type    text        not null,
  size          int         not null check (size > 0),
  digest        bytea       not null check (length(digest) = 32),  -- SHA-256 of the file
  given_at      timestamptz not null,
  given_by      text        not null,
  primary key (book, id)
);
create unique index claim_paper_once on claim_paper (book, claim, digest);

create table claim_paper_piece (                         -- the file, sealed in pieces
  book          int         not null,
  paper         uuid        not null,
  number        smallint    not null,
  sealed        bytea       not null,
  primary key (book, paper, number)
);
alter table claim_paper_piece alter column sealed set storage external;

grant select, insert on tap_dispute to tapwealth_program;
grant select, insert, update on claim, claim_payment, claim_recovery to tapwealth_program;
grant select, insert on claim_paper to tapwealth_program;
grant select, insert, delete on claim_paper_piece to tapwealth_program;
comment on table tap_dispute is 'distributed by book: payments by phone that customers say were not theirs';
comment on table claim is 'distributed by book: claims of policies';
comment on table claim_payment is 'distributed by book: what insurers are asked to pay for claims';
comment on table claim_recovery is 'distributed by book: what of claims'' money comes back';
comment on table claim_paper is 'distributed by book: files that show a loss';
comment on table claim_paper_piece is 'distributed by book: such files, sealed in pieces, until they are erased';

-- foreign keys

alter table claim add constraint claim_of_policy foreign key (book, policy) references policy (book, id);
alter table claim_payment add constraint claim_payment_claim foreign key (book, claim) references claim (book, id);
alter table claim_recovery add constraint claim_recovery_claim foreign key (book, claim) references claim (book, id);
alter table claim_paper add constraint claim_paper_claim foreign key (book, claim) references claim (book, id);
alter table claim_paper_piece add constraint claim_paper_piece_paper foreign key (book, paper) references claim_paper (book, id);

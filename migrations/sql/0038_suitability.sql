-- Suitability: what customers answered to a version of the questionnaire, and the special warnings that they confirmed.

create table suitability_assessment (                   -- the newest of a person counts, until its last day
  book           int         not null,
  id             uuid        not null,
  person         uuid        not null,
  questionnaire  text        not null,                  -- its version
  answers        text        not null,                  -- a letter for each question, in its order
  points         int         not null,
  class          smallint    not null check (class between 1 and 5),  -- C1 … C5
  lowest         boolean     not null,                  -- of C1: bears no loss; nothing overrides it
  assessed_at    timestamptz not null,
  good_until     date        not null,                  -- its last day
  primary key (book, id)
);
create index suitability_assessment_person on suitability_assessment (book, person, assessed_at);

create table suitability_warning (                      -- a special warning that was confirmed, of one assessment and one fund's risk
  book          int         not null,
  assessment    uuid        not null,
  fund          text        not null,
  risk_level    smallint    not null,
  text          text        not null,                   -- as it was shown
  confirmed_at  timestamptz not null,
  primary key (book, assessment, fund, risk_level)
);

grant select, insert on suitability_assessment, suitability_warning to tapwealth_program;
comment on table suitability_assessment is 'distributed by book';
comment on table suitability_warning is 'distributed by book';

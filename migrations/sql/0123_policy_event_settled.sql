create index policy_event_settled on policy_event (book, settled_on) where settled_on is not null;
alter table revenue_share drop constraint revenue_share_revenue_check;
alter table revenue_share add constraint revenue_share_revenue_check check (revenue in ('issuer', 'acquirer', 'commission'));

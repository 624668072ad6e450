-- What is under way of a holder is found without a look at all that was ordered in years.

create index fund_order_under_way on fund_order (book, fund_account) where state in ('placed', 'sent');

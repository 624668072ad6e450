-- The period of a plan by the order that it was bought with: what the registrar refuses later was not bought.

create index fund_plan_run_order on fund_plan_run (book, fund_order) where fund_order is not null;

-- Who drafted a version may take it back before it is on sale.

alter table product_step drop constraint product_step_state_check;
alter table product_step add constraint product_step_state_check
  check (state in ('draft', 'reviewed', 'on_sale', 'replaced', 'closed', 'rejected', 'withdrawn'));

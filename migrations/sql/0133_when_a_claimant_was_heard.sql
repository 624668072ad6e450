-- When the claimant last gave a file or appealed: what one operator proposed before it is not what another one may approve after it.
alter table claim add column heard_at timestamptz;

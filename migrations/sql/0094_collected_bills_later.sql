-- A bill that is paid by itself and cannot be gone on with, by a fault of the house's own, is looked at again later.

alter table autopay_bill add column again_at timestamptz;   -- machine clock; null: whenever its bank has answered

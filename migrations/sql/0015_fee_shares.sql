-- Whose a merchant's fee is: the issuer's and the network's by rule for each sale, the acquirer's what is left (below zero where the
-- contract with the merchant does not cover what the others take). What was settled before there were shares was the house's own.

alter table merchant_settlement add column issuer_share bigint not null default 0;      -- fen
alter table merchant_settlement add column network_share bigint not null default 0;     -- fen
alter table merchant_settlement add column acquirer_share bigint not null default 0;    -- fen
update merchant_settlement set acquirer_share = fee;
alter table merchant_settlement add constraint merchant_settlement_fee_is_shared
  check (issuer_share + network_share + acquirer_share = fee);

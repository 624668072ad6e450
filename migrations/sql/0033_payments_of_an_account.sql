-- A customer's payments are listed by the wallet they took from or paid to; the other side of a customer's payment is none (0).

create index instruction_part_account on instruction_part (book, greatest(source, target), instruction);

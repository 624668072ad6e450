-- Notices of a claim say why it was refused: with the claim's files their words are erased.
grant update (text_zh, text_en) on notice to tapwealth_program;

-- One file may show two things, and what was said to show the wrong one is sent again as what it is: a claim has the same bytes once of each.

drop index claim_paper_once;
create unique index claim_paper_once on claim_paper (book, claim, digest, paper);

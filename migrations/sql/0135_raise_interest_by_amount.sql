-- What money earns while it is raised follows from its own amount, and is looked up when it is paid.
alter table wealth_raise drop column demand_rate;

"""Studies: the figures and tables of reports as declarations, with what was published beside what is measured."""

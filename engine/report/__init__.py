"""What is taken home of runs: exports and imports, and whether a run can be repeated. Histories are read, no log."""

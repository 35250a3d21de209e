"""What is taken home of runs: reports, exports and imports; whether a run can be repeated. No log is read here."""

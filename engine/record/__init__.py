"""A run on disk: its directory, typed events, the checksummed event log, and the workspace of all runs. No torch."""

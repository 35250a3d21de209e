"""Runs in the formats of other programs: CSV, JSON, event files of TensorBoard."""

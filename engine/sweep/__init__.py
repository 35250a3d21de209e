"""Sweeps: many runs of one experiment that differ in a few values, planned, launched and watched by a controller."""

"""Adaptation: what was learnt in one domain, made to hold in another without its labels."""

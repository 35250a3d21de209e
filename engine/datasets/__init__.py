"""Data sets: names, sources and references without torch, and how images become tensors."""

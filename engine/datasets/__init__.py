"""Data sets: where they come from (torch-free, ``sources``) and how they become tensors."""

"""The tensor side of a run's context: devices, scalars, pictures and checkpoints."""

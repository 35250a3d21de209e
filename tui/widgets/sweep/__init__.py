"""The parts of the screens of sweeps: options of a plan, what is read of a sweep, its table, charts and pictures."""

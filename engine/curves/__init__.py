"""The arithmetic of curves that are drawn: decimation, smoothing, growing traces. No screen, no plotting library."""

"""The parts of the screen that compares runs: what it reads beside the event loop, its tables, charts and pictures."""

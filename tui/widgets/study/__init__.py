"""The parts of the shelf of studies and of the screen of one: what they read beside the event loop, and panels."""

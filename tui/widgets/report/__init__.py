"""The parts of the screen of a report: what it reads beside the event loop, the outline, the fields of a part."""

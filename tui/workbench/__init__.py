"""The parts that the workbench screen owns, one subject each. They tell the screen what happened by messages."""

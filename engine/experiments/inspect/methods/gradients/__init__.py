"""Methods that ask how the class changes with each pixel."""

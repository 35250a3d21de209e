"""Methods that show how the class changes with each pixel."""

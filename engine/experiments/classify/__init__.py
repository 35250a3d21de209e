"""Classification: train a network on labelled images."""

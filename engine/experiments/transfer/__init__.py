"""Transfer learning: what a pretrained network knows, used for other classes."""

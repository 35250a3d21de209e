"""Networks: the small CNN, DCGANs, and pretrained backbones with their cuts."""

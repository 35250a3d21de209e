"""Networks: the small CNN, DCGAN and their kin, and pretrained backbones with their cut points."""

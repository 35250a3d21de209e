"""Generation: adversarial networks that draw."""

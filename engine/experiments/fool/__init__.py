"""Adversarial images: small changes that make a network predict another class."""

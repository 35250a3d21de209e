"""Maps that do not look at the network: what the others must be better than."""

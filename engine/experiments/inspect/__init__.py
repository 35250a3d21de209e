"""Looking inside a network: which pixels count for its predictions, and which images maximise its units."""

"""Looking inside a network: what it answers to in an image, and which images it answers to most."""

"""What is made of runs once they are on disk: curves, comparisons, figures and tables."""

"""The experiments: one folder per family, each with torch-free declarations and one module per program."""

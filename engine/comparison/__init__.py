"""Several runs side by side: groups of seeds, what differs, aligned curves, results, and what they prove."""

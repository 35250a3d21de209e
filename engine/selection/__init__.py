"""Which runs are meant: the filter language, columns of a list, and what the words of a command select."""

"""The command line, ``phosphene``: one module per noun, bodies imported when they run."""

"""The workbench in a browser: who is let in, a process for each tab, and the page. Needs the extra ``serve``."""

"""The screens: the workbench, its help, and the enlarged picture."""

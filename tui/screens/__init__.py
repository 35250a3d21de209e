"""The screens: the workbench, its help, an enlarged picture, and tables."""

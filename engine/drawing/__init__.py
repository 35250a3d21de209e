"""Pictures that a program or a report draws: grids, confusion, heat, figures for paper, PNG, animations."""

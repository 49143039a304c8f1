"""What chapters show and no run uses: formulas as on a board, counts, figures to turn."""

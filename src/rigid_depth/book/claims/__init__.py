"""What the runs say of the thesis: findings with their verdicts, and the ledger."""

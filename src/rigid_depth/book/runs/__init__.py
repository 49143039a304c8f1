"""Published runs: their numbers, their differences and verdicts, their tables and plots."""

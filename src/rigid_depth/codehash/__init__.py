"""Hashes of the code behind a computation: by its definitions (`code`), by its files (`files`)."""

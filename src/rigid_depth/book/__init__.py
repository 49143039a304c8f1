"""The book side: tables, figures, ledgers, provenance badges and the Sphinx extension."""

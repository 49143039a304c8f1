"""The one error that is meant for the user."""


class StreetWorldError(ValueError):
    """Bad input, in one sentence: what is wrong (setting, folder or scene) and what is allowed."""

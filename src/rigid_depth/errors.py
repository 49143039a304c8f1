"""The one error that is meant for the user."""


class RigidDepthError(ValueError):
    """Bad input, in one sentence: what is wrong (file, sample or parameter) and what is allowed.

    The command line prints the sentence and exits with status 2; Python callers get a
    `ValueError`.
    """

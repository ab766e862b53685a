"""The one error a user is meant to read."""


class InputError(Exception):
    """Something the user gave cannot be used.

    The message is one line: the value, what was allowed, and the next step. The command line prints it
    without a traceback and exits with code 2.
    """

"""The error that a user sees."""


class AuditError(Exception):
    """An error for the user: one line that says what is wrong, where, and what to do."""


def printable(text: str) -> str:
    """Escape a text for one line of a terminal or a log: line breaks, colours and other control
    characters.

    A file name may contain any of them, and could look like one of our messages.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)

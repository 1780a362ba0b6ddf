"""The one kind of error that is meant for a person."""


class AuditError(Exception):
    """One line that says what is wrong, where, and what to do about it."""


def printable(text: str) -> str:
    """Text for one line of a terminal or a log: line breaks, colours and the like are escaped.

    A file's name may hold any of them, and look like a message of ours.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)

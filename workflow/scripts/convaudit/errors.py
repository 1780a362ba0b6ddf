"""The one kind of error that is meant for a person."""


class AuditError(Exception):
    """One line that says what is wrong, where, and what to do about it."""

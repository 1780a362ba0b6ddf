"""Decide whether the model may be signed: compare a policy of gates with an audit's numbers."""

EXIT_CODES = {"pass": 0, "fail": 10, "undecided": 11, "ask": 12}
"""Exit codes of a command by verdict; 1 remains for a crash."""


def exit_code(result: str) -> int:
    """The exit code for a verdict; 1 for any other text."""
    return EXIT_CODES.get(result, 1)

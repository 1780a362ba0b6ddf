"""May the model be signed: a policy of gates, held against what an audit measured."""

EXIT_CODES = {"pass": 0, "fail": 10, "undecided": 11, "ask": 12}
"""Of a command that ends with a verdict; 1 is left to a crash."""


def exit_code(result: str) -> int:
    """The exit code that tells a verdict to a shell; 1 for what is no verdict."""
    return EXIT_CODES.get(result, 1)

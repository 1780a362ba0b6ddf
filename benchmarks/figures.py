"""The results of a benchmark in Markdown: figures with their bars, and details below them."""

from typing import NamedTuple


class Figure(NamedTuple):
    """A measured value and its bar.

    ``least``: True if the value must be at least the bar, False if at most. ``unit``: of both.
    ``against``: what the value is compared with, or what it consists of.
    """

    what: str
    value: float
    bar: float
    least: bool
    against: str
    unit: str = "×"

    @property
    def reached(self) -> bool:
        return self.value >= self.bar if self.least else self.value <= self.bar

    def row(self) -> str:
        digits = 2 if self.unit in {"×", " ms"} and self.value < 10 else 0
        sign = "≥" if self.least else "≤"
        return (
            f"| {self.what} | {self.value:.{digits}f}{self.unit} | {sign} {self.bar:g}{self.unit} "
            f"| {'reached' if self.reached else '**missed**'} | {self.against} |\n"
        )


class Part(NamedTuple):
    """The figures of one subject, and a section of the page."""

    figures: list[Figure]
    details: str


def table(columns: list[str], rows: list[list[str]]) -> str:
    """A Markdown table: the first column is text, the others are numbers."""
    lines = [columns, ["---"] + ["--:"] * (len(columns) - 1), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def show(part: Part) -> None:
    """Print a part by itself."""
    print("".join(figure.row() for figure in part.figures))
    print(part.details)

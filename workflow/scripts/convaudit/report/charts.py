"""Charts as inline SVG, styled by the page's own style sheet.

A plotting library would bring megabytes of script (plotly 4.8, bokeh 1.3, vega 0.9) or fix fonts
and colours in the picture (matplotlib) for a few bars: docs/report.md.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from convaudit.metrics.calibration import confidence_bins
from convaudit.metrics.intervals import wilson
from convaudit.report.thumbnails import colours
from convaudit.report.wording import percent

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 420, 300, 64, 12, 12, 44
"""Size of a chart and its margins, in units of the SVG."""
KEY = 320
"""Width of the key of heat colours."""


def reliability(bins: list[dict[str, Any]]) -> Markup:
    """Accuracy against confidence with 95 % intervals; on the diagonal both are equal.

    Args:
        bins: low, high, count, confidence and accuracy of each bin, as in ``summary.json``.
    """
    parts = [
        f'<line x1="{_x(0):.1f}" y1="{_y(0):.1f}" x2="{_x(1):.1f}" y2="{_y(1):.1f}" '
        'class="honest"/>'
    ]
    most = max((entry["count"] for entry in bins), default=1)
    for entry in bins:
        if not entry["count"]:
            continue
        right = round(entry["accuracy"] * entry["count"])
        share, low, high = wilson(right, entry["count"])
        x, radius = _x(entry["confidence"]), 3 + 7 * (entry["count"] / most) ** 0.5
        beside, anchor = (radius + 4, "start") if x < _x(0.9) else (-radius - 4, "end")
        parts.append(
            f'<a href="images.html#from={100 * entry["low"]:.0f}&amp;to={100 * entry["high"]:.0f}">'
            f"<title>{entry['count']:,} images: confidence {percent(entry['confidence'])}, "
            f"right {percent(share)}</title>"
            f'<line x1="{x:.1f}" y1="{_y(low):.1f}" x2="{x:.1f}" y2="{_y(high):.1f}" '
            f'class="range"/><circle cx="{x:.1f}" cy="{_y(share):.1f}" r="{radius:.1f}" '
            'class="point"/>'
            f'<text x="{x + beside:.1f}" y="{_y(share) + 4:.1f}" text-anchor="{anchor}">'
            f"{entry['count']:,}</text></a>"
        )
    ticks = [(share, f"{share:.0%}") for share in (0, 0.25, 0.5, 0.75, 1)]
    return _frame(
        parts, ticks, "confidence", "share right", "Reliability: accuracy against confidence"
    )


def confidence(probability: np.ndarray, correct: np.ndarray | None, bins: int = 20) -> Markup:
    """Histogram of confidence; with labels the wrong images are at the bottom of each bar.

    Args:
        probability: (n,) confidences, 0 to 1.
        correct: (n,) whether each prediction is right; None without labels.
        bins: number of bars.
    """
    edges = np.linspace(0, 1, bins + 1)
    number = confidence_bins(probability, bins)
    everything = np.bincount(number, minlength=bins)
    wrong = np.zeros(bins, int)
    if correct is not None:
        wrong = np.bincount(number[~correct], minlength=bins)
    top = max(1, int(everything.max()))
    parts = []
    for low, high, count, bad in zip(edges, edges[1:], everything, wrong, strict=False):
        x, width = _x(low) + 1, _x(high) - _x(low) - 2
        parts.append(
            f'<a href="images.html#from={100 * low:.0f}&amp;to={100 * high:.0f}">'
            f"<title>{low:.0%} to {high:.0%}: {count:,} images"
            + (f", {bad:,} wrong" if correct is not None else "")
            + f'</title><rect x="{x:.1f}" y="{_y(count / top):.1f}" width="{width:.1f}" '
            f'height="{_y(0) - _y(count / top):.1f}" class="bar"/>'
            f'<rect x="{x:.1f}" y="{_y(bad / top):.1f}" width="{width:.1f}" '
            f'height="{_y(0) - _y(bad / top):.1f}" class="bar wrong"/></a>'
        )
    ticks = [(0, "0"), (0.5, f"{top / 2:,.0f}"), (1, f"{top:,}")]
    return _frame(parts, ticks, "confidence", "images", "Histogram of confidence")


def heat_key(top: float, cells: int) -> Markup:
    """Key of the colours of mean heat: ``top`` is the share that is drawn brightest, ``cells`` the
    number of cells of a map. Colours follow the square root, so that small values are visible.
    """
    even = 1 / cells / top
    levels = np.linspace(0, 255, 12).astype(np.uint8)[None]
    stops = "".join(
        f'<stop offset="{at / 11:.3f}" stop-color="rgb({r},{g},{b})"/>'
        for at, (r, g, b) in enumerate(colours(levels)[0].tolist())
    )
    marks = [(0.0, "none", "start"), (even**0.5, "even heat", "middle")]
    if even < 0.6:
        marks.append((1.0, f"{1 / even:.1f} × even", "end"))
    texts = "".join(
        f'<line x1="{share * KEY:.1f}" y1="0" x2="{share * KEY:.1f}" y2="16"/>'
        f'<text x="{share * KEY:.1f}" y="30" text-anchor="{anchor}">{text}</text>'
        for share, text, anchor in marks
    )
    return Markup(
        f'<svg viewBox="-2 0 {KEY + 4} 34" class="heat-key" role="img" aria-label="Colours of mean '
        f'heat, from none to {1 / even:.1f} times even heat"><defs><linearGradient id="heat-key">'
        f'{stops}</linearGradient></defs><rect width="{KEY}" height="12" rx="2" '
        f'fill="url(#heat-key)"/>{texts}</svg><small class="scale">'
        "Not linear: colours follow the root of the heat; half-way is a quarter of the greatest."
        "</small>"
    )


def spark(counts: Sequence[int]) -> Markup:
    """A small histogram of images by their maximum; the first bin holds 0 and less.

    Args:
        counts: number of images in each of ``summaries.BINS`` bins.
    """
    used = [at for at, count in enumerate(counts) if at and count] or [1]
    first, last = used[0], used[-1]
    shown = [counts[0], *counts[first : last + 1]]
    most = max([*shown, 1])
    bars = "".join(
        f'<rect x="{at * 6 + (4 if at else 0)}" y="{26 * (1 - count / most):.1f}" width="5" '
        f'height="{26 * count / most:.1f}" class="bar{"" if at else " none"}">'
        f"<title>{_bin(first + at - 1) if at else 'never'}: {count:,} images</title></rect>"
        for at, count in enumerate(shown)
    )
    return Markup(
        f'<svg viewBox="0 0 {len(shown) * 6 + 4} 26" class="spark" role="img" '
        f'aria-label="Images by their maximum; {counts[0]:,} where it never fires">{bars}</svg>'
    )


def _bin(at: int) -> str:
    """The range of a bin of ``summaries.BINS``, in words."""
    return f"{2 ** ((at - 21) / 2):.3g} to {2 ** ((at - 20) / 2):.3g}"


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(share: float | None) -> float:
    return HEIGHT - BOTTOM - (share or 0) * (HEIGHT - BOTTOM - TOP)


def _frame(parts: list[str], ticks: list[tuple[float, str]], x: str, y: str, title: str) -> Markup:
    grid = [
        f'<line x1="{_x(0):.1f}" y1="{_y(at):.1f}" x2="{_x(1):.1f}" y2="{_y(at):.1f}" '
        'class="rule"/>'
        f'<text x="{LEFT - 8}" y="{_y(at) + 4:.1f}" text-anchor="end">{text}</text>'
        for at, text in ticks
    ]
    below = [
        f'<text x="{_x(at):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{at:.0%}</text>'
        for at in (0, 0.25, 0.5, 0.75, 1)
    ]
    names = (
        f'<text x="{_x(0.5):.1f}" y="{HEIGHT - 6}" text-anchor="middle" class="name">{x}</text>'
        f'<text transform="translate(12 {_y(0.5):.1f}) rotate(-90)" text-anchor="middle" '
        f'class="name">{y}</text>'
    )
    return Markup(
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}" class="chart">'
        f"{''.join(grid + parts + below)}{names}</svg>"
    )

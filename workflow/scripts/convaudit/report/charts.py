"""Small pictures for the page: inline SVG and heat maps, drawn without a plotting library.

A plotting library would bring megabytes of script or fonts for two bar charts.
"""

import base64
from typing import Any

import cv2
import numpy as np
from markupsafe import Markup

WIDTH, HEIGHT, LEFT, BOTTOM = 340, 240, 36, 30


def heat_picture(shares: np.ndarray, size: int = 180) -> str:
    """A map (h, w) in 0..1 as a data URI, in the colours of inferno."""
    levels = cv2.resize(
        shares.clip(0, 1).astype(np.float32), (size, size), interpolation=cv2.INTER_LINEAR
    )
    picture = cv2.applyColorMap((levels * 255).astype(np.uint8), cv2.COLORMAP_INFERNO)
    encoded = cv2.imencode(".png", picture)[1].tobytes()
    return f"data:image/png;base64,{base64.b64encode(encoded).decode()}"


def reliability(bins: list[dict[str, Any]]) -> Markup:
    """Accuracy against confidence; the diagonal is a model that knows how sure it may be."""
    bars = [
        _bar(entry["low"], entry["high"], entry["accuracy"], f"{entry['count']} images")
        for entry in bins
        if entry["count"]
    ]
    diagonal = (
        f'<line x1="{LEFT}" y1="{HEIGHT - BOTTOM}" x2="{WIDTH - 8}" y2="8" class="diagonal"/>'
    )
    return _frame([*bars, diagonal], "confidence", "accuracy", "Reliability diagram")


def histogram(probability: np.ndarray, bins: int = 20) -> Markup:
    """How many images the model was how sure of."""
    counts, edges = np.histogram(probability, bins, (0, 1))
    top = max(1, counts.max())
    bars = [
        _bar(edges[i], edges[i + 1], counts[i] / top, f"{counts[i]} images") for i in range(bins)
    ]
    return _frame(bars, "confidence", f"images (top: {top})", "Confidence histogram", ticks=False)


def _bar(low: float, high: float, share: float, title: str) -> str:
    x, width = LEFT + low * (WIDTH - LEFT - 8), (high - low) * (WIDTH - LEFT - 8)
    height = share * (HEIGHT - BOTTOM - 8)
    y = HEIGHT - BOTTOM - height
    return (
        f'<rect x="{x + 1:.1f}" y="{y:.1f}" width="{width - 2:.1f}" height="{height:.1f}" '
        f'class="bar"><title>{title}</title></rect>'
    )


def _frame(parts: list[str], x: str, y: str, title: str, ticks: bool = True) -> Markup:
    middle = LEFT + (WIDTH - LEFT) / 2
    labels = [
        f'<text x="{LEFT + share * (WIDTH - LEFT - 8):.0f}" y="{HEIGHT - BOTTOM + 14}" '
        f'text-anchor="middle">{share:g}</text>'
        for share in (0, 0.5, 1)
    ]
    if ticks:
        labels += [
            f'<text x="{LEFT - 4}" y="{HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - 8) + 4:.0f}" '
            f'text-anchor="end">{share:g}</text>'
            for share in (0, 0.5, 1)
        ]
    axis = (
        f'<path d="M{LEFT} 8V{HEIGHT - BOTTOM}H{WIDTH - 8}" class="axis"/>'
        f'<text x="{middle:.0f}" y="{HEIGHT - 2}" text-anchor="middle">{x}</text>'
        f'<text transform="translate(10 {HEIGHT / 2 - 10:.0f}) rotate(-90)" '
        f'text-anchor="middle">{y}</text>'
    )
    return Markup(
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}" class="chart">'
        f"<title>{title}</title>{''.join(parts)}{axis}{''.join(labels)}</svg>"
    )

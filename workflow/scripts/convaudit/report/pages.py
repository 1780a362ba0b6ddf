"""Turn an audit's tables into pages that open from disk, without a server or a network."""

import json
import math
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from shutil import copyfile
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment

from convaudit.dataset.images import INTERPOLATIONS
from convaudit.drawing.grids import PATTERNS_PER_ROW
from convaudit.metrics.classification import per_class
from convaudit.metrics.intervals import wilson
from convaudit.models.facts import LayerInfo
from convaudit.report import charts, regions, rendering, thumbnails
from convaudit.report.findings.all_findings import other_scalings
from convaudit.report.findings.finding import GUESS, Finding
from convaudit.report.findings.slice_findings import stories_of
from convaudit.report.gallery import data as gallery
from convaudit.report.regions import REGIONS
from convaudit.report.results import PAIRS, Results
from convaudit.report.sections import layer_pages, mean_heat, misclassified, ordinary, suspects
from convaudit.report.sections.next_steps import next_steps
from convaudit.verdict.decision import Decision

SAMPLE = 24
"""Number of images in the sample on the first page."""
ALIKE = 6
"""Greatest number of the worst errors that are of one confused pair; more would look alike."""
SCRIPTS = ("heat.js", "marks.js", "histogram.js", "images.js", "wall.js", "gallery.js")
"""Scripts that the gallery's page loads in this order; later ones use earlier ones."""
COARSE = 40
"""Maps with fewer cells per row than this are shown with visible cells, others smoothly."""


def write_report(
    folder: Path,
    audit: Results,
    found: list[Finding],
    summary: dict[str, Any],
    decision: Decision | None = None,
    *,
    threads: int = 1,
) -> None:
    """Write ``index.html``, which stands alone, and what it leads to: the gallery, a page for each
    layer and each confused pair, and the data that they load.

    Args:
        folder: an empty folder; the audit's relative paths to pictures start there.
        audit: the results.
        found: the findings.
        summary: the content of ``summary.json`` (``summarise``).
        decision: a person's decision about this audit or another one.
        threads: number of threads that draw pictures.

    Raises:
        AuditError: a sheet of thumbnails can't be read.
    """
    render = _environment(audit)
    write_gallery(folder, audit, summary["verdict"]["audit_key"])
    if audit.shortcuts is not None:
        suspects.write_strips(folder, audit.strips, audit.shortcuts["suspects"])
    config = json.dumps(audit.settings, indent=1)
    (folder / "config.json").write_text(config + "\n", encoding="utf-8")

    sample, sizes = _sample(audit), _sizes(audit)
    numbers = misclassified.wanted(audit) | set(sample)
    numbers |= {number for finding in found for number in finding.rows}
    ids = layer_pages.wanted(audit) | set(audit.activations)
    seen, named = thumbnails.collect(folder, audit, numbers, ids)

    layers = layer_pages.layers(audit)
    _write_layers(folder, render, audit, layers, named, threads)
    pairs = misclassified.pairs(audit)
    cells = mean_heat.cells(audit)
    shortcuts = suspects.cards(audit.shortcuts, folder, stories_of(summary["slices"]))
    for card in shortcuts["cards"] if shortcuts else ():
        card["found"] = suspects.where_found(audit, card)
    _write_pairs(folder, render, audit, pairs, cells, seen, shortcuts)
    places = mean_heat.places(audit)
    top = mean_heat.scale([*places, *cells.values()])
    shown = [place.shown(audit.class_names, top) for place in places]
    looks = {
        "places": shown,
        "cells": [place.shown(audit.class_names, top) for place in mean_heat.commonest(cells)],
        "heat_key": charts.heat_key(top, places[0].mean.size) if places else "",
        **_even(places),
    }
    _write(folder / "where.html", render, "where.html", **looks)
    _write(
        folder / "index.html",
        render,
        "index.html",
        style=rendering.style(),
        decision_script=(rendering.STATIC / "decision.js").read_text(encoding="utf-8"),
        summary=summary,
        verdict=summary["verdict"],
        signed=_signed(decision, summary["verdict"], shortcuts) if decision else None,
        findings=_stories([_finding(audit, one, seen, shortcuts) for one in found]),
        shortcuts=shortcuts,
        card_of=suspects.card_of(audit.shortcuts, shortcuts["cards"] if shortcuts else []),
        reason=suspects.reason(shortcuts),
        steps=next_steps(summary, suspects.reason(shortcuts)),
        gate_counts=Counter(gate["result"] for gate in summary["verdict"]["gates"]),
        other_scalings=other_scalings(audit),
        guess=GUESS,
        errors=misclassified.cards(
            audit,
            [seen[number] for number in _varied(audit, misclassified.worst(audit))],
            "truth=wrong",
            shortcuts,
        ),
        confusion=misclassified.matrix(audit) if audit.known.any() else None,
        pairs=pairs,
        regions=_regions(audit),
        sample=misclassified.cards(audit, [seen[number] for number in sample], "sort=order"),
        most_places=mean_heat.SHOWN,
        heat_matrix=mean_heat.matrix(audit, cells, top),
        layers=layers,
        examples=_examples(audit, named),
        classes=_classes(audit),
        ordinary=ordinary.rows(summary, audit.class_names),
        slices_found=any(row["finding"] for row in summary["slices"]),
        reliability=charts.reliability(summary["calibration"]),
        histogram=_histogram(audit),
        sizes=sizes,
        resizing=INTERPOLATIONS[audit.settings["preprocess"]["interpolation"]],
        **looks,
    )


def write_gallery(folder: Path, audit: Results, audit_key: str) -> None:
    """Write ``images.html`` and what it loads; the reader's marks are kept under ``audit_key``."""
    gallery.write(folder / "data", audit)
    (folder / "style.css").write_text(rendering.style(), encoding="utf-8")
    for script in SCRIPTS:
        copyfile(rendering.STATIC / script, folder / script)
    values = {"regions": REGIONS, "audit_key": audit_key, "scripts": SCRIPTS}
    _write(folder / "images.html", _environment(audit), "images.html", **values)


def _environment(audit: Results) -> Environment:
    environment = rendering.environment()
    environment.globals |= {
        "audit": audit,
        "facts": audit.facts,
        "model": _name(audit.settings["model"], "model"),
        "images": _name(audit.settings["images"], "images"),
    }
    return environment


def _name(setting: str, what: str) -> str:
    """The name of the model or of the images in the audit."""
    return f"demo {what}" if setting == "demo" else Path(setting).name


def _write(path: Path, environment: Environment, template: str, **values: Any) -> None:
    page = environment.get_template(template).render(**values)
    path.write_text(page, encoding="utf-8")


def _write_layers(
    folder: Path,
    render: Environment,
    audit: Results,
    layers: list[dict[str, Any]],
    seen: dict[str, thumbnails.Seen],
    threads: int,
) -> None:
    (folder / "layers").mkdir()
    filters = audit.settings["filters"]
    pictures = {}
    for at, layer in enumerate(layers):
        channels, pictures[layer["id"]] = layer_pages.channels(audit, layer, seen)
        places = [image["y"] for channel in channels for image in channel["images"]]
        _write(
            folder / "layers" / f"{layer['id']}.html",
            render,
            "layer.html",
            layer=layer,
            before=layers[at - 1] if at else None,
            after=layers[at + 1] if at + 1 < len(layers) else None,
            gap=filters["margin"] / filters["size"],
            patterns_per_row=PATTERNS_PER_ROW,
            channels=channels,
            rows=max(places, default=0) + 1,
        )
    # Only after the pages are written: OpenCV's short calls would wait for Python's lock.
    with ThreadPoolExecutor(threads) as pool:
        drawn = pool.map(thumbnails.sheets, repeat(folder / "layers"), pictures, pictures.values())
        list(drawn)  # an error is raised here


def _write_pairs(
    folder: Path,
    render: Environment,
    audit: Results,
    pairs: list[dict[str, Any]],
    cells: mean_heat.Cells,
    seen: dict[int, thumbnails.Seen],
    shortcuts: dict[str, Any] | None,
) -> None:
    (folder / "pairs").mkdir()
    for pair in pairs[:PAIRS]:
        errors = misclassified.worst_of(audit, pair["label"], pair["predicted"])
        _write(
            folder / pair["page"],
            render,
            "pair.html",
            pair=pair,
            **misclassified.compare(audit, cells, pair["label"], pair["predicted"]),
            errors=misclassified.cards(
                audit,
                [seen[number] for number in errors.tolist()],
                f"label={pair['label']}&predicted={pair['predicted']}",
                shortcuts,
            ),
        )


def _finding(
    audit: Results,
    finding: Finding,
    seen: dict[int, thumbnails.Seen],
    shortcuts: dict[str, Any] | None,
) -> dict[str, Any]:
    shown = [seen[number] for number in finding.rows] if finding.kind == "heat" else []
    cards = misclassified.cards(audit, shown, finding.link.partition("#")[2], shortcuts)
    return {
        "kind": finding.kind,
        "title": finding.title,
        "text": finding.text,
        "link": finding.link,
        "count": finding.count,
        "region": finding.region,
        "also": [],
        "images": cards,
        "carried": next((card["suspect"] for card in cards if card["cue"] == "carries"), None),
        "suspect": finding.suspect,
    }


def _stories(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One card per region of the picture: further findings about heat there join its first card."""
    stories: dict[int, dict[str, Any]] = {}
    kept = []
    for card in cards:
        if card["kind"] == "heat" and card["region"] in stories:
            stories[card["region"]]["also"].append(card["text"])
            continue
        if card["kind"] == "heat":
            stories[card["region"]] = card
        kept.append(card)
    return kept


def _signed(
    decision: Decision, verdict: dict[str, Any], shortcuts: dict[str, Any] | None
) -> dict[str, Any]:
    """A decision for the top of the page; ``void`` and ``remark`` are None if it is valid. Notes on
    suspects stand under their titles, or their ids if the page does not show them.
    """
    titles = {card["id"]: card["title"] for card in shortcuts["cards"]} if shortcuts else {}
    named = [(titles.get(name, name), note) for name, note in decision.suspects.items()]
    notes = [*decision.gates.items(), *named]
    return {
        "decision": decision,
        "void": decision.void(verdict["audit_key"]),
        "remark": decision.remark(verdict["policy_sha256"], verdict["result"]),
        "notes": [(name, note) for name, note in notes if note],
    }


def _varied(audit: Results, numbers: np.ndarray) -> list[int]:
    """Keep the first ``ALIKE`` of these image numbers for each pair of true and predicted class."""
    pairs = pd.DataFrame({"label": audit.labels[numbers], "predicted": audit.predicted[numbers]})
    alike = pairs.groupby(["label", "predicted"]).cumcount().to_numpy()
    return numbers[alike < ALIKE].tolist()


def _sample(audit: Results) -> list[int]:
    """The numbers of a few images spread evenly over the dataset."""
    step = max(1, audit.count // SAMPLE)
    return list(range(step // 2, audit.count, step))[:SAMPLE]


def _regions(audit: Results) -> list[dict[str, Any]]:
    """For each ninth of the picture the number of images that have most of their heat there, and
    the number and rate of the wrong ones among them.
    """
    hottest = audit.mean_maps.hottest
    return [
        {
            "name": name,
            "index": index,
            "count": int((hottest == index).sum()),
            "wrong": int((audit.wrong & (hottest == index)).sum()),
            "rate": wilson(
                int((audit.wrong & (hottest == index)).sum()),
                int((audit.known & (hottest == index)).sum()),
            ).value,
        }
        for index, name in enumerate(REGIONS)
    ]


def _even(places: list[mean_heat.Place]) -> dict[str, Any]:
    """Share of evenly spread heat at the border and in a corner region."""
    border = regions.border_share(places[0].mean.shape) if places else None
    return {"even_border": border, "even_corner": 1 / 9}


def _histogram(audit: Results) -> Any:
    if not audit.known.any():
        return charts.confidence(audit.probability, None)
    return charts.confidence(audit.probability[audit.known], ~audit.wrong[audit.known])


def _classes(audit: Results) -> list[dict[str, Any]]:
    if not audit.known.any():
        return []
    table = per_class(audit.confusion, audit.class_names)
    ordered = table.rename_axis("index").reset_index().sort_values(["recall", "name"])
    return ordered.to_dict("records")


def _examples(audit: Results, seen: dict[str, thumbnails.Seen]) -> list[dict[str, Any]]:
    cards = misclassified.cards(audit, [seen[image_id] for image_id in audit.activations])
    known = {layer.name: layer for layer in audit.facts.layers}
    per_row = audit.settings["activations"]["per_row"]
    return [
        {
            **card,
            "grids": [_grid(audit, known[name], path, per_row) for name, path in grids.items()],
        }
        for card, grids in zip(cards, audit.activations.values(), strict=True)
    ]


def _grid(audit: Results, layer: LayerInfo, path: str, per_row: int) -> dict[str, Any]:
    height, width = layer.sides
    return {
        "id": layer.id,
        "layer": layer.name,
        "kind": layer.kind,
        "path": path,
        "size": " × ".join(map(str, layer.shape)),
        "coarse": width < COARSE,
        "dead": int(audit.channels.loc[audit.channels["layer"] == layer.name, "dead"].sum()),
        "width": per_row * width,
        "height": math.ceil(layer.channels / per_row) * height,
    }


def _sizes(audit: Results) -> dict[str, Any] | None:
    """The photos' sizes in words; ``squeezed`` is the number of photos whose aspect ratio differs
    by more than a tenth from that of the network's input; ``fits`` is True if all have the input's
    size.
    """
    if not audit.count:
        return None
    width, height = (audit.column(name, int) for name in ("width", "height"))
    sizes, count = np.unique(np.stack([width, height], axis=1), axis=0, return_counts=True)
    commonest = np.argsort(-count, kind="stable")[:5]
    common = [f"{sizes[at][0]} × {sizes[at][1]} ({count[at]:,})" for at in commonest]
    aspect = width / height
    model = audit.facts.input[1] / audit.facts.input[0]
    low, middle, high = aspect.min(), np.median(aspect), aspect.max()
    return {
        "sizes": f"all {width[0]} × {height[0]}"
        if len(sizes) == 1
        else f"{width.min()} to {width.max()} wide, {height.min()} to {height.max()} high; "
        f"commonest {', '.join(common)}",
        "aspect": f"{low:.2f} of all"
        if low == high
        else f"{low:.2f} to {high:.2f}, half of them under {middle:.2f}",
        "fits": sizes.tolist() == [[audit.facts.input[1], audit.facts.input[0]]],
        "squeezed": int((np.abs(np.log(aspect / model)) > np.log(1.1)).sum()),
    }

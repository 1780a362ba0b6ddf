"""Write docs/planted.md from the rows: the bars, every table, the misses."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from planted import baselines, cases, scoring
from planted.cues import CUES
from planted.networks import NAMES
from planted.scoring import Row

METHOD = "convaudit"
_HEAD = """# Planted shortcuts

Written by `python benchmarks/planted.py page`; do not edit. {planned} cases are planned:
{positives} have one of {cues} cues planted into a class, {negatives} are hard negatives. {done} of
them were run, {failed} failed. A third of the cases (by seed) is for tuning, and so are {looked_at}
more by which the code was changed; all figures below are of the {reported} others,
with the settings of the release. Commits of the library (cases): {library}.
{unfinished}
**Photographs.** A: procedural scenes with known masks. B: crops of four materials. C: procedural
grey radiographs. D: crops in their own colours (negatives, and the grey cue). B and D are cut from
scikit-image's sample pictures, which are in the public domain or CC0; training and audited crops
share no pixel. Files are JPEG of 160 to 340 pixels a side, the networks take 64.

**Networks.** flat (as the demo), squeeze (SqueezeNet's modules, pooled classes), residual (ResNet's
blocks with batch normalisation), mobile (MobileNet's depthwise convolutions): trained from scratch
on 200 images a class.

**Truth is reliance, not intention.** The true cue is inserted into held-out images of the other
classes. A case is a positive if the model then predicts the class for more than {relies:.0%} of
those for which it did not before; below {ignores:.0%} the model ignores the cue, and the case is a
negative, however often the cue goes with the class in the data. Each planted case is audited twice:
on images that share the bias (*same*) and with the cue on half of every class (*mixed*).

**Right** is a suspect among the first three with the right class and a word that fits the cue
(`benchmarks/planted/cues.py`). An *alarm* is a suspect that blocks (or asks) though the model does
not rely on it. Intervals are Clopper-Pearson, 95 %.
"""


_UNFINISHED = """
**This run is not finished: few cases have rows, so no bar is decided yet.** `make planted` goes on.
"""


def write(raw: Sequence[dict[str, Any]], target: Path) -> None:
    """Write the page."""
    names = {row["case"] for row in raw}
    failed = names - {row["case"] for row in raw if "failed" not in row}
    own = scoring.rows(raw, METHOD)
    head = _HEAD.format(
        planned=len(cases.all_cases()),
        positives=len(cases.positives()),
        cues=len(CUES),
        negatives=len(cases.negatives()),
        done=len(names),
        failed=len(failed),
        reported=len({row.specification.name for row in own}),
        unfinished="" if len(names) >= len(cases.all_cases()) else _UNFINISHED,
        looked_at=len(cases.LOOKED_AT),
        library=_libraries(raw),
        relies=scoring.RELIES,
        ignores=scoring.IGNORES,
    )
    parts = [head, _bars(own), _by(own), _negatives(own), _peers(raw), _misses(own), _all(raw)]
    target.write_text("\n".join(parts))


def _libraries(raw: Sequence[dict[str, Any]]) -> str:
    """The commits of the library, with the number of cases of each."""
    by_case = {row["case"]: row["library"] for row in raw if "library" in row}
    return ", ".join(f"{name} ({n})" for name, n in Counter(by_case.values()).most_common())


def _bars(own: Sequence[Row]) -> str:
    relying = [row for row in own if row.relies]
    strong = [row for row in relying if row.specification.strength >= 95]
    weak = [row for row in relying if row.specification.strength < 95]
    named = [row for row in relying if scoring.is_named(row, 3)]
    clean = [row for row in own if row.clean]
    strict = [row for row in clean if row.specification.negative not in cases.MAY_ASK]
    distances = [each for row in relying if (each := scoring.distance(row)) is not None]
    precisions = [each for row in named if (each := scoring.precision(row)) is not None]
    lines = [
        ("named among the first three, 95 and 100 %", _named(strong, 3), "≥ 90 %"),
        ("named among the first three, 80 %", _named(weak, 3), "≥ 70 %"),
        ("named first, all strengths", _named(relying, 1), ""),
        ("of the named: confirmed", scoring.share(named, scoring.is_confirmed), "≥ 95 %"),
        (
            "of the named, at a fixed place: IoU ≥ 0.3",
            scoring.share(named, scoring.is_localised),
            "",
        ),
        ("clean audits with any block", _alarms(clean, "block"), "upper bound ≤ 5 %"),
        ("clean audits with any question", _alarms(strict, "ask"), "≤ 15 %"),
        ("interval covers the oracle", scoring.share(relying, scoring.covers), "≥ 90 %"),
        ("interval meets the oracle's own", scoring.share(relying, scoring.meets), ""),
        ("blocks that are false, of all blocks", _false_blocks(own), ""),
        ("suspects left undecided", _undecided(own), ""),
    ]
    rows = [[what, *_share(*counts), bar] for what, counts, bar in lines]
    rows.append(_numbers("P@10 of the suspect's images, mean", precisions, "≥ 0.8"))
    rows.append(_numbers("distance of S from the oracle, mean", distances, ""))
    costs = [row.answer.seconds for row in own], [row.answer.forwards for row in own]
    rows.append(
        ["seconds an audit, median", f"{median(costs[0] or [0]):.0f}", "", str(len(own)), ""]
    )
    rows.append(
        ["forward passes, median", f"{median(costs[1] or [0]):,.0f}", "", str(len(own)), ""]
    )
    return "## Bars\n\n" + _table(["what", "measured", "interval", "of", "bar"], rows)


def _by(own: Sequence[Row]) -> str:
    relying = [row for row in own if row.relies]
    parts = ["## By cue, strength, network, set and audit\n"]
    groups: tuple[tuple[str, Iterable[Any], Callable[[Row], Any]], ...] = (
        ("cue", CUES, lambda row: row.specification.cue),
        ("strength, %", cases.STRENGTHS, lambda row: row.specification.strength),
        ("network", NAMES, lambda row: row.specification.network),
        ("set", "ABC", lambda row: row.specification.photographs),
        ("audit", ("same", "mixed"), lambda row: row.audit),
    )
    for title, values, key in groups:
        lines = []
        for value in values:
            here = [row for row in relying if key(row) == value]
            audits = sum(key(row) == value for row in own if row.specification.negative is None)
            name = f"{value} {CUES[value].title}" if title == "cue" else str(value)
            cells = [_fraction(*_named(here, 1)), _fraction(*_named(here, 3))]
            confirmed = _fraction(*scoring.share(here, scoring.is_confirmed))
            lines.append([name, str(audits), str(len(here)), *cells, confirmed])
        columns = [title, "audits", "model relies", "named @1", "named @3", "confirmed"]
        parts.append(_table(columns, lines))
    return "\n".join(parts)


def _negatives(own: Sequence[Row]) -> str:
    lines = []
    for kind, meaning in cases.NEGATIVES.items():
        here = [row for row in own if row.specification.negative == kind and row.clean]
        blocks, asks = _alarms(here, "block"), _alarms(here, "ask")
        name = f"{kind} {meaning}" + (" (may ask)" if kind in cases.MAY_ASK else "")
        lines.append([name, str(len(here)), str(blocks[0]), str(asks[0])])
    unlearnt = [row for row in own if row.clean and row.specification.negative is None]
    counts = _alarms(unlearnt, "block")[0], _alarms(unlearnt, "ask")[0]
    lines.append(["planted, but ignored by the model", str(len(unlearnt)), *map(str, counts)])
    columns = ["hard negative", "audits", "with a block", "with a question"]
    return "## Hard negatives\n\n" + _table(columns, lines)


def _peers(raw: Sequence[dict[str, Any]]) -> str:
    lines = []
    for method in (METHOD, *baselines.METHODS):
        rows = scoring.rows(raw, method)
        relying = [row for row in rows if row.relies]
        mixed = [row for row in relying if row.audit == "mixed"]
        clean = [row for row in rows if row.clean]
        lines.append(
            [
                method,
                _fraction(*_named(relying, 3)),
                _fraction(sum(scoring.images_only(row) >= 0.8 for row in mixed), len(mixed)),
                _fraction(*_alarms(clean, "block")),
            ]
        )
    note = (
        "Peers by their published formulas on the same audits. *Named* lets a method off the class "
        "if it names none. *Images* asks less: on mixed audits, whether one of the class's first "
        "three slices, components or suspects has 8 carriers among its first 10 images; chance is "
        "half of them. Slices and components name no cue, so they are never *named* and never "
        "alarm.\n"
    )
    columns = ["method", "named @3", "images", "clean audits with an alarm"]
    return "## Peers\n\n" + note + "\n" + _table(columns, lines)


def _misses(own: Sequence[Row]) -> str:
    missed = [row for row in own if row.relies and not scoring.is_named(row, 3)]
    unproven = [
        row
        for row in own
        if row.relies and scoring.is_named(row, 3) and not scoring.is_confirmed(row)
    ]
    false = [row for row in own if row.clean and scoring.is_alarm(row, "block")]
    beside = [row for row in own if row.relies and scoring.is_alarm(row, "block")]
    parts = ["## Misses\n"]
    for title, rows in (
        ("Not named", missed),
        ("Named, not confirmed", unproven),
        ("Blocked, though clean", false),
        ("Blocked wrongly beside a cue that the model relies on", beside),
    ):
        parts.append(f"**{title}: {len(rows)}.**\n")
        if rows:
            lines = [[row.specification.name, row.audit, _oracle(row), _said(row)] for row in rows]
            parts.append(_table(["case", "audit", "oracle", "first three suspects"], lines))
    return "\n".join(parts)


def _all(raw: Sequence[dict[str, Any]]) -> str:
    lines = []
    for tuning in (False, True):
        for row in scoring.rows(raw, METHOD, reported=not tuning):
            named = "yes" if scoring.is_named(row, 3) else "no"
            verdict = named if row.relies else "clean" if row.clean else "graded"
            cells = [row.specification.name, row.audit, f"{row.accuracy:.2f}", _oracle(row)]
            lines.append([*cells, verdict, _said(row), "tuning" if tuning else ""])
    columns = ["case", "audit", "accuracy", "oracle", "named @3", "first three suspects", ""]
    return "## Every row\n\n" + _table(columns, lines)


def _named(rows: Sequence[Row], among: int) -> tuple[int, int]:
    return sum(scoring.is_named(row, among) for row in rows), len(rows)


def _alarms(rows: Sequence[Row], severity: str) -> tuple[int, int]:
    return sum(scoring.is_alarm(row, severity) for row in rows), len(rows)


def _false_blocks(rows: Sequence[Row]) -> tuple[int, int]:
    blocks = [
        (row, each) for row in rows for each in row.answer.findings if each.severity == "block"
    ]
    return sum(not row.right(each) for row, each in blocks), len(blocks)


def _undecided(rows: Sequence[Row]) -> tuple[int, int]:
    found = [each.status for row in rows for each in row.answer.findings]
    return found.count("undecided"), len(found)


def _oracle(row: Row) -> str:
    return f"{row.oracle.score:.2f}" if row.oracle else "–"


def _said(row: Row) -> str:
    first = [
        f"{'/'.join(each.words)} {each.target} ({each.status}, {each.severity})"
        for each in row.answer.findings[:3]
    ]
    return "; ".join(first) or "nothing"


def _share(hits: int, count: int) -> tuple[str, str, str]:
    low, high = scoring.bounds(hits, count)
    value = f"{hits / count:.1%}" if count else "–"
    return value, f"{low:.1%} – {high:.1%}", f"{hits} of {count}"


def _fraction(hits: int, count: int) -> str:
    return f"{hits} of {count}" if count else "–"


def _numbers(what: str, values: Sequence[float], bar: str) -> list[str]:
    mean = f"{sum(values) / len(values):.2f}" if values else "–"
    return [what, mean, "", str(len(values)), bar]


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)

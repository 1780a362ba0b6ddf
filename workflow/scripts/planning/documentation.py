"""Writes what is generated from the settings: the config's JSON schema and its documentation.

Run as ``make docs``; a test fails where the committed files differ.
"""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from planning.settings import Section, Settings, schema

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.json"
README = ROOT / "config" / "README.md"

_HEAD = """# The config

Every key, with its default. They stand in `config/config.yaml`; another file with only the keys
that differ is laid over it with `--configfile mine.yaml`, and single keys with
`--config model=my.keras images=photos results=out`. A group's keys can be set there too:
`--config filters='{count: 16, steps: 20}'` (not `filters.count=16`, which Snakemake does not
take).

A config is checked before anything runs. An unknown key, a value out of range, a model or folder
that is not there or a layer that does not exist is one line that names the key. A relative path
starts from the folder in which Snakemake runs.

Changing a value re-runs exactly what it feeds: `gradcam.alpha` redraws the overlays and makes the
report again, and nothing goes through the network. (The report's own small pictures have colours of
their own, which can be compared from page to page.)

`examples/` has whole set-ups to copy. The same as a JSON schema, for editors:
`workflow/schemas/config.schema.json`.

This page is generated from `workflow/scripts/planning/settings.py` by `make docs`.
"""


def schema_text() -> str:
    """The JSON schema, as committed."""
    return json.dumps(schema(), indent=2) + "\n"


def readme_text() -> str:
    """The documentation of the config, as committed."""
    sections = {
        name: field.annotation
        for name, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
    }
    parts = [_HEAD, "## The audit\n", _table(Settings, "", skip=set(sections))]
    for name, section in sections.items():
        parts += [f"## `{name}`: {_summary(section)}\n", _table(section, f"{name}.")]
    return "\n".join(parts)


def _summary(section: type[Section]) -> str:
    text = (section.__doc__ or "").strip().splitlines()[0].rstrip(".")
    return text[0].lower() + text[1:]


def _table(section: type[Section], prefix: str, skip: Collection[str] = ()) -> str:
    properties = section.model_json_schema()["properties"]
    rows = ["| key | default | values | meaning |", "|---|---|---|---|"]
    for name, field in section.model_fields.items():
        if name not in skip:
            default = json.dumps(field.default).strip('"')
            values = _values(properties[name])
            rows.append(f"| `{prefix}{name}` | `{default}` | {values} | {field.description} |")
    return "\n".join(rows) + "\n"


def _values(entry: dict[str, Any]) -> str:
    if "anyOf" in entry:
        return " or ".join(_values(option) for option in entry["anyOf"])
    if "enum" in entry:
        return ", ".join(f"`{value}`" for value in entry["enum"])
    if "const" in entry:
        return f"`{entry['const']}`"
    kind = {"integer": "whole number", "string": "text", "array": "list", "null": "nothing"}
    text = kind.get(entry["type"], entry["type"])
    bounds = {
        "minimum": "≥ {}",
        "exclusiveMinimum": "> {}",
        "maximum": "≤ {}",
        "exclusiveMaximum": "< {}",
    }
    limits = [form.format(f"{entry[key]:g}") for key, form in bounds.items() if key in entry]
    return f"{text} {', '.join(limits)}".strip()


if __name__ == "__main__":
    SCHEMA.write_text(schema_text(), encoding="utf-8")
    README.write_text(readme_text(), encoding="utf-8")

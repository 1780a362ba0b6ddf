"""Write what is generated from the settings: the default config, its JSON schema and its page.

Run as ``make docs``; a test fails where the committed files differ.
"""

import json
import textwrap
from collections.abc import Collection
from pathlib import Path
from typing import Any

from planning.settings import Section, Settings, schema

ROOT = Path(__file__).resolve().parents[4]
SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.json"
README = ROOT / "config" / "README.md"
CONFIG = ROOT / "config" / "config.yaml"
OUTER, INNER = ROOT / "Snakefile", ROOT / "workflow" / "Snakefile"

_HEAD = """# The config

This page lists every key with its default. `config/config.yaml` holds these defaults, which are the
demo audit. `--configfile mine.yaml` adds a file with only the keys that differ; `--config
model=my.keras images=photos results=out` sets single keys. It can also set the keys of a group:
`--config filters='{count: 16, steps: 20}'` (not `filters.count=16`, which Snakemake does not
accept).

The config is checked before anything runs. An unknown key, a value out of range, or a model, folder
or layer that does not exist gives one line that names the key. A relative path starts from the
folder in which Snakemake runs.

A changed value re-runs exactly the jobs that use it: after a change of `gradcam.alpha` the overlays
and the report are made again, and no image goes through the network. (The small pictures inside the
report have fixed colours, so that they can be compared from page to page.)

`examples/` has complete configs to copy. Editors can use the JSON schema
`workflow/schemas/config.schema.json`.

`make docs` generates this page and `config.yaml` from `workflow/scripts/planning/settings.py`.
"""

_CONFIG_HEAD = """# yaml-language-server: $schema=../workflow/schemas/config.schema.json
#
# The demo audit: every key with its default. `make docs` writes this file and the same as a page,
# config/README.md. An audit of your own needs two keys and a folder for the results:
#
#     snakemake --cores 8 --config model=my.keras images=photos results=out
"""


def schema_text() -> str:
    """The JSON schema, as committed."""
    return json.dumps(schema(), indent=2) + "\n"


def readme_text() -> str:
    """The documentation of the config, as committed."""
    sections = _sections()
    parts = [_HEAD, "## The audit\n", _table(Settings, "", skip=set(sections))]
    for name, section in sections.items():
        parts += [f"## `{name}`: {_summary(section)}\n", _table(section, f"{name}.")]
    return "\n".join(parts)


def config_text() -> str:
    """The default config with a comment for each key, as committed."""
    sections = _sections()
    parts = [_CONFIG_HEAD.rstrip(), *_entries(Settings, "", skip=set(sections))]
    for name, section in sections.items():
        heading = (section.__doc__ or "").strip().splitlines()[0]
        parts += ["", *_comment(heading, ""), f"{name}:", *_entries(section, "  ")[1:]]
    return "\n".join(parts) + "\n"


def _sections() -> dict[str, type[Section]]:
    return {
        name: field.annotation
        for name, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
    }


def _entries(section: type[Section], indent: str, skip: Collection[str] = ()) -> list[str]:
    """Lines of YAML: each key with its default, below a comment that explains it."""
    properties = section.model_json_schema()["properties"]
    lines = []
    for name, field in section.model_fields.items():
        if name in skip:
            continue
        values = _values(properties[name])
        limited = not values.startswith(("text", "list", "boolean"))
        text = f"{field.description} Values: {values}." if limited else str(field.description)
        lines += ["", *_comment(text, indent)]
        lines.append(f"{indent}{name}: {json.dumps(field.default).strip(chr(34))}")
    return lines


def _comment(text: str, indent: str) -> list[str]:
    start = f"{indent}# "
    plain = text.replace("`", "")
    return textwrap.wrap(plain, 100, initial_indent=start, subsequent_indent=start)


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


def inner_snakefile_text() -> str:
    """``workflow/Snakefile``, where Snakemake's catalog and addresses (``github(…)``) look.

    It is the same table of contents with paths that start one folder deeper. It can't include the
    outer one: Snakemake (9.27) ignores a default target in an included file, and does not find the
    includes of a file at the top of a git address.
    """
    text = OUTER.read_text(encoding="utf-8").replace('"workflow/r', '"r')
    here = "HERE = Path(workflow.current_basedir.get_path_or_uri(secret_free=True))"
    return f"# Written from ../Snakefile by `make docs`; do not edit.\n{text}".replace(
        here, f"{here}.parent"
    )


if __name__ == "__main__":
    INNER.write_text(inner_snakefile_text(), encoding="utf-8")
    SCHEMA.write_text(schema_text(), encoding="utf-8")
    README.write_text(readme_text(), encoding="utf-8")
    CONFIG.write_text(config_text(), encoding="utf-8")

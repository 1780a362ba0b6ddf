"""The command line that makes an audit again."""

import json
import re
import shlex
from contextlib import suppress
from typing import Any

import yaml

from planning.settings import Settings


def command_line(settings: dict[str, Any]) -> str:
    """One line for a shell that makes the same audit again in the folder ``again``: with its model,
    its images and the settings that are not the defaults.
    """
    named = {name: settings[name] for name in ("model", "images")}
    changed = named | _changed(settings, Settings().model_dump()) | {"results": "again"}
    words = [shlex.quote(f"{key}={_yaml(value)}") for key, value in changed.items()]
    return " ".join(["snakemake --cores all --config", *words])


def _changed(settings: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for key, value in settings.items():
        if isinstance(value, dict) and isinstance(defaults[key], dict):
            value = _changed(value, defaults[key])
            if value:
                found[key] = value
        elif value != defaults[key] and key not in {"watch", "results", "decision"}:
            found[key] = value
    return found


def _yaml(value: Any) -> str:
    """Write a value so that Snakemake reads it back: a text as it is if YAML keeps it a text, else
    as JSON.

    The spaces keep Snakemake from stripping the quotes.
    """
    plain = isinstance(value, str) and re.fullmatch(r"[\w./+-]+", value)
    with suppress(ValueError, TypeError):
        float(value)
        plain = False
    if plain and yaml.safe_load(value) == value:
        return value
    return f" {json.dumps(value)} " if isinstance(value, str) else json.dumps(value)

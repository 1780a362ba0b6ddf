"""The command ``convaudit``, for people who do not know Snakemake; it runs Snakemake."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from convaudit.verdict import EXIT_CODES
from convaudit.verdict.files import as_lines
from convaudit_workflow import ROOT

_EPILOG = """examples:
  convaudit inspect my.keras photos                      look at both, in a minute
  convaudit audit my.keras photos --results out          then open out/report/index.html
  convaudit audit VGG16 photos --set classes=imagenet.txt --set gradcam='{method: hirescam}'
  convaudit audit my.keras photos -- --dry-run           what follows -- goes to Snakemake
"""


def main() -> None:
    """Parse the command line and run Snakemake in this process."""
    own, rest = sys.argv[1:], []
    if "--" in own:
        at = own.index("--")
        own, rest = own[:at], own[at + 1 :]
    given = _parser().parse_args(own)
    try:
        given.run(given, rest)
    except OSError as error:
        sys.exit(f"convaudit {given.command}: {error.filename}: {error.strerror}")
    except ValueError as error:
        sys.exit(f"convaudit {given.command}: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "convaudit",
        description="Audit a Keras image classifier over a whole image dataset.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, run: Any, text: str, *positional: tuple[str, str]) -> Any:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        for argument, meaning in positional:
            command.add_argument(argument, help=meaning)
        return command

    model = ("model", "a .keras or .h5 file, a keras.applications name, or demo")
    images = ("images", "a folder with one sub-folder per class, a table with path,label, or demo")
    results = ("results", "the results folder of an audit")
    for command in (
        add("audit", _audit, "Audit a model over images; ends in a report.", model, images),
        add("inspect", _audit, "Look at model and images and forecast the time.", model, images),
        add("compare", _compare, "Compare two audits.", ("first", results[1]), ("second", "")),
    ):
        command.add_argument("--results", default=None, help="folder for what is written")
        command.add_argument("--cores", default="all", help="processor cores (default: all)")
        command.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="KEY=VALUE",
            help="a key of config/README.md; may be given again",
        )
    add("verify", _verify, "Recompute the hashes of an audit's files.", results)
    codes = ", ".join(f"{code} {result}" for result, code in EXIT_CODES.items())
    add("gate", _gate, f"Print an audit's verdict; the exit code is {codes}, 1 error.", results)
    return parser


def _audit(given: argparse.Namespace, rest: list[str]) -> NoReturn:
    config = {"model": given.model, "images": given.images}
    target = ["inspect"] if given.command == "inspect" else []
    _snakemake(target, _with_results(config, given), given.set, given.cores, rest)


def _compare(given: argparse.Namespace, rest: list[str]) -> NoReturn:
    config = {"compare": [given.first, given.second]}
    _snakemake(["compare"], _with_results(config, given), given.set, given.cores, rest)


def _verify(given: argparse.Namespace, rest: list[str]) -> NoReturn:
    recorded = _read(Path(given.results, "provenance.json"), "config")["config"]
    # "null" on the command line would be a text; null values are defaults anyway.
    config = {key: value for key, value in recorded.items() if value is not None}
    _snakemake(["verify"], config | {"results": given.results}, [], "all", rest)


def _gate(given: argparse.Namespace, rest: list[str]) -> NoReturn:
    path = Path(given.results, "verdict.json")
    verdict = _read(path, "result")
    if verdict["result"] not in EXIT_CODES:
        raise ValueError(f"{path} holds no verdict: run the audit again")
    print("\n".join(as_lines(verdict)))
    sys.exit(EXIT_CODES[verdict["result"]])


def _read(path: Path, key: str) -> dict[str, Any]:
    """Read a JSON file of an audit, which must have a key.

    Raises:
        ValueError: it is no JSON object with this key.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}): run the audit again") from error
    if not isinstance(found, dict) or key not in found:
        raise ValueError(f"{path} is not of an audit: it has no {key!r}: run the audit again")
    return found


def _with_results(config: dict[str, Any], given: argparse.Namespace) -> dict[str, Any]:
    return config if given.results is None else config | {"results": given.results}


def _snakemake(
    target: list[str], config: dict[str, Any], more: list[str], cores: str, rest: list[str]
) -> NoReturn:
    """Replace this process by Snakemake's, so that its signals and exit code are ours."""
    for entry in more:
        if "=" not in entry:
            raise ValueError(f"--set {entry}: must be KEY=VALUE")
    entries = [f"{key}={_yaml(value)}" for key, value in config.items()] + more
    # Snakemake uses only the last --config.
    for flag in {"--config", "-C"}.intersection(rest):
        at = rest.index(flag)
        end = next((i for i in range(at + 1, len(rest)) if rest[i][0] == "-"), len(rest))
        entries += rest[at + 1 : end]
        rest = rest[:at] + rest[end:]
    # An option with several values must stand neither before the user's options nor the target.
    quiet = [] if "--quiet" in rest else ["--quiet", "all" if target else "rules"]
    command = [sys.executable, "-m", "snakemake", *target, *quiet]
    command += ["--snakefile", f"{ROOT}/Snakefile"]
    command += ["--workflow-profile", f"{ROOT}/profiles/default", "--cores", cores]
    sys.stdout.flush()
    os.execv(sys.executable, [*command, *rest, "--config", *entries])


def _yaml(value: Any) -> str:
    """As JSON, which is YAML too; the spaces keep Snakemake from stripping a text's quotes."""
    return f" {json.dumps(value)} " if isinstance(value, str) else json.dumps(value)


if __name__ == "__main__":
    main()

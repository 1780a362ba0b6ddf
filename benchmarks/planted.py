"""Plant shortcuts into photographs and measure whether the audit finds them: docs/planted.md.

python benchmarks/planted.py make --cue L1 --strength 95 --set B --network squeeze --seed 0 DIR
python benchmarks/planted.py run --hours 4
python benchmarks/planted.py page
"""

import argparse
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".cache" / "planted"
sys.path.append(str(ROOT / "workflow" / "scripts"))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(required=True)
    make = commands.add_parser("make", help="make one case in a folder")
    make.set_defaults(do=_make)
    make.add_argument("folder", type=Path)
    make.add_argument("--cue", help="L1 to C3; without it nothing is planted")
    make.add_argument("--negative", help="a hard negative: N1 to N15")
    make.add_argument("--strength", type=int, default=95, help="per cent of the class")
    make.add_argument("--set", dest="photographs", default="A", choices=tuple("ABCD"))
    make.add_argument("--network", default="squeeze")
    make.add_argument("--seed", type=int, default=0)
    run = commands.add_parser("run", help="run the cases that have no row yet, then write the page")
    run.set_defaults(do=_run)
    run.add_argument("--hours", type=float, default=1000.0, help="begin no case after so long")
    run.add_argument("--limit", type=int, help="at most so many cases")
    run.add_argument("--only", default="", help="cases whose name has this in it, as P-L1-95")
    run.add_argument("--no-peers", action="store_true", help="leave the baselines out")
    run.add_argument("--keep", action="store_true", help="leave the cases' images on disk")
    page = commands.add_parser("page", help="write docs/planted.md from the rows")
    page.set_defaults(do=_page)
    for command in (run, page):
        command.add_argument("--rows", type=Path, default=CACHE / "rows.jsonl")
    arguments = parser.parse_args()
    arguments.do(arguments)


def _make(arguments: argparse.Namespace) -> None:
    from planted import cases, making
    from planted.truth import Specification

    specification = Specification(
        arguments.cue,
        arguments.strength if arguments.cue else 0,
        arguments.photographs,
        arguments.network,
        arguments.seed,
        arguments.negative or (None if arguments.cue else "clean"),
    )
    truth = making.make(specification, cases.plan(specification), arguments.folder)
    oracle = truth.oracle
    print(
        f"{specification.name}: {len(truth.classes)} classes, target {truth.target}, accuracy "
        f"{truth.training_accuracy:.2f} in training and {truth.clean_accuracy:.2f} on held-out "
        f"images without the cue, oracle {oracle.score if oracle else 0:.2f}"
    )


def _run(arguments: argparse.Namespace) -> None:
    from planted import cases, running

    chosen = [each for each in cases.all_cases() if arguments.only in each.name]
    running.run(
        chosen[: arguments.limit],
        CACHE,
        arguments.rows,
        deadline=time.time() + 3600 * arguments.hours,
        peers=not arguments.no_peers,
        keep=arguments.keep,
    )
    _page(arguments)


def _page(arguments: argparse.Namespace) -> None:
    from planted import page, running

    page.write(running.read(arguments.rows), ROOT / "docs" / "planted.md")


if __name__ == "__main__":
    main()

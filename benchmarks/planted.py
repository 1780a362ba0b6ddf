"""Shortcuts planted into photographs, and whether the audit finds them: docs/planted.md.

python benchmarks/planted.py make --cue L1 --strength 95 --set B --network squeeze --seed 0 DIR
"""

import argparse
import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "workflow" / "scripts"))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("make", help="make one case in a folder")
    make.add_argument("folder", type=Path)
    make.add_argument("--cue", help="L1 to C3; without it nothing is planted")
    make.add_argument("--strength", type=int, default=95, help="per cent of the class")
    make.add_argument("--set", dest="photographs", default="A", choices=tuple("ABCD"))
    make.add_argument("--network", default="squeeze")
    make.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    _make(arguments)


def _make(arguments: argparse.Namespace) -> None:
    from planted import making
    from planted.truth import Specification

    specification = Specification(
        arguments.cue,
        arguments.strength if arguments.cue else 0,
        arguments.photographs,
        arguments.network,
        arguments.seed,
        None if arguments.cue else "clean",
    )
    truth = making.make(specification, making.positive(specification), arguments.folder)
    oracle = truth.oracle
    print(
        f"{specification.name}: {len(truth.classes)} classes, target {truth.target}, accuracy "
        f"{truth.training_accuracy:.2f} in training and {truth.clean_accuracy:.2f} on held-out "
        f"images without the cue, oracle {oracle.score if oracle else 0:.2f}"
    )


if __name__ == "__main__":
    main()

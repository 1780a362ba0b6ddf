"""Another workflow, which uses the audit as a module and counts the predictions."""

_SNAKEFILE = """
module convaudit:
    snakefile: "{address}"
    config: config["convaudit"]

use rule * from convaudit as convaudit_*

rule count:
    input: rules.convaudit_predictions.output.table
    output: "count.txt"
    run:
        import pandas as pd
        from pathlib import Path
        Path(output[0]).write_text(str(len(pd.read_parquet(input[0]))))
"""
CONFIG = """
convaudit:
  model: toy.keras
  images: photos
  results: audited
  shard_size: 12
  max_quarantined: 0.2
"""


def snakefile(address: str) -> str:
    """The other workflow's Snakefile.

    Args:
        address: path or git address of the audit's Snakefile.
    """
    return _SNAKEFILE.format(address=address)

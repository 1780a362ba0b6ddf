"""Choose the example images whose channels are drawn for every watched layer."""

import pandas as pd

from convaudit.errors import AuditError

_COLUMNS = ["image_id", "path", "shard", "row", "probability", "predicted_index", "correct"]


def choose_examples(predictions: str, examples: int | list[str]) -> pd.DataFrame:
    """Choose the example images: those that the config lists, or a few worth looking at.

    If the config gives a number, images are taken in turn from groups: the errors, and for each
    predicted class the images that are right or have no label. The most confident of a group come
    first.

    Args:
        predictions: ``predictions.parquet``.
        examples: setting ``activations.examples``.

    Returns:
        Rows of the predictions, with at least image_id, path, shard and row.

    Raises:
        AuditError: a listed path is not among the audited images.
    """
    rows = pd.read_parquet(predictions, columns=_COLUMNS)
    if isinstance(examples, list):
        missing = sorted(set(examples) - set(rows["path"]))
        if missing:
            raise AuditError(
                f"config: activations.examples: {missing[0]!r} is not among the audited images: "
                "give paths relative to the images"
            )
        return rows.set_index("path", drop=False).loc[examples]
    ranked = rows.sort_values(["probability", "path"], ascending=[False, True])
    wrong = ranked["correct"].eq(False).fillna(False)
    group = ranked["predicted_index"].where(~wrong, -1)
    turns = ranked.assign(turn=ranked.groupby(group).cumcount())
    return turns.sort_values("turn", kind="stable").head(examples)

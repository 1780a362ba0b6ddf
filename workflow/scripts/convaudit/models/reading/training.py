"""The loss and the metrics that a model was compiled with."""

import re
from typing import Any, NamedTuple

REGRESSION = frozenset(
    {
        *("mse", "mean_squared_error", "mae", "mean_absolute_error", "huber", "huber_loss"),
        *("mape", "mean_absolute_percentage_error", "msle", "mean_squared_logarithmic_error"),
        *("log_cosh", "logcosh", "poisson", "root_mean_squared_error", "rmse"),
    }
)
METRIC_LEARNING = re.compile(r"triplet|contrastive|cosine|arcface|npairs|circle_loss")
CLASSIFICATION = re.compile(r"cross_?entropy|hinge|kl_?d|kullback|focal")


class Training(NamedTuple):
    """Names of the losses and metrics in snake_case; empty if the file does not store them."""

    losses: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()

    @property
    def regression(self) -> bool:
        """True if the loss measures a distance between numbers."""
        return bool(self.losses) and all(loss in REGRESSION for loss in self.losses)

    @property
    def metric_learning(self) -> bool:
        """True if the loss compares outputs with one another, as for embeddings."""
        return any(METRIC_LEARNING.search(loss) for loss in self.losses)

    @property
    def classification(self) -> bool:
        """True if the loss or an accuracy metric is that of a classifier."""
        return any(CLASSIFICATION.search(loss) for loss in self.losses) or any(
            re.search(r"acc|auc|precision|recall|f1", metric) for metric in self.metrics
        )


def of_compiled(compiled: Any, output: str | None = None) -> Training:
    """Read the ``compile_config`` of a .keras file or the ``training_config`` of an .h5 file.

    Args:
        compiled: the dictionary, or None.
        output: name of the audited output, for losses by output.
    """
    if not isinstance(compiled, dict):
        return Training()
    loss, metrics = compiled.get("loss"), compiled.get("metrics")
    return Training(tuple(_names(_part(loss, output))), tuple(_names(_part(metrics, output))))


def _part(item: Any, output: str | None) -> Any:
    return item[output] if isinstance(item, dict) and output in item else item


def _names(item: Any) -> list[str]:
    if isinstance(item, str):
        return [re.sub(r"(?<=[a-z])(?=[A-Z])", "_", item).lower()]
    if isinstance(item, dict):
        if "class_name" not in item:
            return [name for part in item.values() for name in _names(part)]
        config = item.get("config")
        # The config of a custom function is its name.
        named = config.get("fn") or config.get("name") if isinstance(config, dict) else config
        return _names(named or item["class_name"])
    return [name for part in item for name in _names(part)] if isinstance(item, list) else []

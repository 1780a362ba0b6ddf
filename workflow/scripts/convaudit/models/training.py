"""What a model file says of its training: the loss and the metrics it was compiled with."""

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
    """Names of the losses and metrics, in small letters joined by "_"; empty where not stored."""

    losses: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()

    @property
    def regression(self) -> bool:
        """Does the loss measure a distance between numbers?"""
        return bool(self.losses) and all(loss in REGRESSION for loss in self.losses)

    @property
    def metric_learning(self) -> bool:
        """Does the loss compare outputs with one another?"""
        return any(METRIC_LEARNING.search(loss) for loss in self.losses)

    @property
    def classification(self) -> bool:
        """Do the loss, or a metric of accuracy, say that classes are told apart?"""
        return any(CLASSIFICATION.search(loss) for loss in self.losses) or any(
            re.search(r"acc|auc|precision|recall|f1", metric) for metric in self.metrics
        )


def of_compiled(compiled: Any, output: str | None = None) -> Training:
    """Read the ``compile_config`` of a .keras file or the ``training_config`` of an .h5 file.

    Args:
        compiled: the dictionary, or None.
        output: of a model with several outputs, the one that is audited, where losses are by name.
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
        # A function of the user's own has its name for a config.
        named = config.get("fn") or config.get("name") if isinstance(config, dict) else config
        return _names(named or item["class_name"])
    return [name for part in item for name in _names(part)] if isinstance(item, list) else []

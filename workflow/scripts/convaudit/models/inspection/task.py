"""Check that a model is a classifier, by the loss stored in its file, its head and its outputs."""

from convaudit.errors import AuditError
from convaudit.models.network import Network
from convaudit.models.reading.training import Training

_ANYWAY = "if it tells classes apart all the same, set task=classification"


def require_classifier(network: Network, training: Training) -> None:
    """Refuse a regression, a score, an embedding or an autoencoder.

    Raises:
        AuditError: the model is one of these; the message says how that is known.
    """
    reason = _reason(network, training)
    if reason:
        raise AuditError(f"model: {reason}: convaudit audits classifiers; {_ANYWAY}")


def _reason(network: Network, training: Training) -> str | None:
    losses = ", ".join(training.losses)
    height, width, _ = network.input_shape
    units = network.units
    if training.metric_learning:
        return f"it was trained with the loss {losses}, so it is an embedding"
    if training.classification:
        return None
    if units in {height * width * channels for channels in (1, 3)}:
        return f"it gives {units:,} numbers, as many as its input has, so it is an autoencoder"
    if training.regression and network.head != "softmax":
        return f"it was trained with the loss {losses}, so it is a regression"
    if network.ending is not None:
        return f"it ends with {network.ending}, so its {units:,} numbers are features"
    if network.head == "binary" and not network.sigmoid:
        return "it ends with one linear unit and its file stores no loss, so it may be a regression"
    if network.head == "logits" and network.unit_length:
        return f"its {units:,} numbers always have length 1, so it is an embedding"
    return None

"""Find the facts of a loaded model: its head, its target layer, its scaling."""

from convaudit.models.channels import channels_of
from convaudit.models.facts import ModelFacts
from convaudit.models.inspection.heat_layer import choose_heat_layer
from convaudit.models.inspection.scaling_choice import choose_scaling
from convaudit.models.loading import Loaded
from convaudit.models.network import Network


def inspect_model(loaded: Loaded, network: Network) -> ModelFacts:
    """Find the facts of a model without the config's choices.

    Raises:
        AuditError: no layer of the model can be the target of saliency maps.
    """
    target, why = choose_heat_layer(network)
    choice = choose_scaling(loaded, network)
    return ModelFacts(
        format=loaded.format,
        keras_version=loaded.keras_version,
        family=loaded.family,
        input=(*network.input_shape[:2], 1 if network.grey else 3),
        input_open=network.open_input,
        outputs=network.outputs,
        classes=network.classes,
        head=network.head,
        target_layer=target,
        target_why=why,
        last_layer=network.target_layer[0],
        scaling=choice.name,
        channels=channels_of(choice.name),
        scaling_known=choice.known,
        scaling_why=choice.why,
        parameters=loaded.model.count_params(),
        layers=tuple(network.layers),
    )

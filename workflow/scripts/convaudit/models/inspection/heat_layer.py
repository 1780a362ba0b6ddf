"""Choose the target layer of the saliency maps if the config does not name one."""

from convaudit.models.network import Network

_FINE = 7
"""Least cells per side at which the last layer with maps is the target, as in ResNet50 at 224
pixels."""

_FINER = 8
"""Least cells per side of the earlier layer that replaces a coarser last one."""


def choose_heat_layer(network: Network) -> tuple[str, str]:
    """Choose the target layer, and say why.

    It is the last layer with maps. If these are coarser than 7 x 7, it is the last layer before it
    with maps of at least 8 x 8 that every path to the scores passes (measured:
    ``docs/methods.md``).

    Raises:
        AuditError: no layer has an image as output.
    """
    last, why = network.target_layer
    sides = next(layer.sides for layer in network.layers if layer.name == last)
    if min(sides) >= _FINE:
        return last, why
    finer = [layer for layer in network.cuts if min(layer.sides) >= _FINER]
    if not finer:
        return last, why
    height, width = finer[-1].sides
    return finer[-1].name, (
        f"the last layer with maps of at least {_FINER} x {_FINER}: {height} x {width}; those of "
        f"the last layer, {last!r}, {sides[0]} x {sides[1]}, are too coarse to say where"
    )

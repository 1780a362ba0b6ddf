"""The layer whose maps explain a prediction, where the config does not name one."""

from convaudit.models.network import Network

_FINE = 7
"""Cells a side at which the last maps are taken: as of ResNet50 at 224 pixels."""

_FINER = 8
"""Cells a side of the maps that are taken instead where the last ones are coarser."""


def choose_heat_layer(network: Network) -> tuple[str, str]:
    """The last layer with maps, or, where these are coarser than 7 x 7, the last one before it
    with at least 8 x 8 through which all goes; and why (measured: ``docs/methods.md``).

    Raises:
        AuditError: no layer has maps.
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

"""Interim."""
def facts(loaded, network):
    target, why = network.target_layer
    return {"format": loaded.format, "keras_version": loaded.keras_version, "family": loaded.family, "input": list(network.input_shape), "classes": network.classes, "head": network.head, "target_layer": target, "target_why": why, "scaling": "caffe" if loaded.family and loaded.family.startswith("VGG") else "unit", "scaling_known": False, "scaling_why": "guessed", "parameters": loaded.model.count_params(), "layers": [{**l._asdict(), "shape": list(l.shape)} for l in network.layers]}

"""Test whether the saliency maps of this model are reliable; the model itself is not tested."""

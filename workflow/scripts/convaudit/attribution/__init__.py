"""Saliency maps: class activation methods, the explained class, numbers of the maps."""

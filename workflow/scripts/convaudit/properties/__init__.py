"""Measure properties of an image file and of its pixels."""

"""Overlays, sprite sheets and grids as encoded pictures."""

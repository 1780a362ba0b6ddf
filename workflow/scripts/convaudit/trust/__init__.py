"""Are the heat maps to be believed on this model: tests of the maps, not of the model."""

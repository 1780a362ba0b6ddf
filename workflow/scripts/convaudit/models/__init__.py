"""From a model file to a classifier that can be run, asked and described."""

"""Read a model file of any Keras version without building the network."""

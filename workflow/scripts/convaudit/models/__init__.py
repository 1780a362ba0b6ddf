"""Load a model file, describe the classifier in it, and run it."""

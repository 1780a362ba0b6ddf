"""Run the experiments: the model answers for changed images, and the answers are compared."""

"""Run the experiments: compare the model's answers for changed images and for their controls."""

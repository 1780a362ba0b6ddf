"""What a model wrongly depends on: suspects from the data, experiments on the pixels, a status."""

"""Find shortcuts: suspects from the data, experiments on the pixels, a status for each suspect."""

"""The data that the gallery loads."""

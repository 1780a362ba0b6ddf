"""The pattern that excites a channel most, by gradient ascent."""

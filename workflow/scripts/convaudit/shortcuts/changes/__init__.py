"""Change pixels: insert a cue into an image, remove it, and the fair control of each."""

"""Find cues: what images of a class share, and how closely it follows class and scores."""

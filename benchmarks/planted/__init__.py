"""The benchmark of planted shortcuts: photographs, cues, networks, cases and scores."""

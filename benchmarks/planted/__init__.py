"""The benchmark of shortcuts that were planted: photographs, cues, networks, cases and scores."""

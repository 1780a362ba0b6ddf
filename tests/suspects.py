"""Store the experiment of a suspect and read it again."""

import numpy as np

from convaudit.shortcuts import storage
from convaudit.shortcuts.candidate import Candidate, Evidence
from convaudit.shortcuts.changes.experiments import Experiment


def stored_and_read(experiment: Experiment, pictures: list[np.ndarray]) -> Experiment | None:
    """The experiment as it comes out of the storage, where nothing may be lost."""
    count = len(pictures)
    candidate = Candidate(
        cue="patch",
        kind="appearance",
        target=0,
        name="a part",
        rank=0.4,
        evidence=Evidence(0.0, 1.0, count),
        carries=np.ones(count),
        experiment=experiment,
        family="patch",
    )
    ids = np.array([f"{at}.png" for at in range(count)])
    text = storage.to_json([candidate], ids)
    (read,) = storage.from_json(text, ids, pictures.__getitem__)
    assert storage.to_json([read], ids) == text
    return read.experiment

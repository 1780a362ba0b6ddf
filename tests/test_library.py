"""The code in docs/library.md runs as it stands there."""

import re
import shutil

import numpy as np

from conftest import COLOURS, ROOT, paint


def test_the_page_s_code_runs(toy_model, tmp_path, monkeypatch, capsys):
    shutil.copy(toy_model, tmp_path / "my.keras")
    paint(tmp_path / "photo.png", COLOURS["red"], 1)
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "library.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 4 and len(blocks[0].splitlines()) <= 12
    names: dict[str, object] = {}
    for block in blocks:
        exec(block, names)  # as a reader would paste it
    assert names["found"].explained[0] == 1  # red
    assert names["found"].maps.max() > 0
    assert np.all(names["patterns"].end >= names["patterns"].start)
    assert (tmp_path / "heat.jpg").stat().st_size > 0
    assert capsys.readouterr().out.startswith("1 [")

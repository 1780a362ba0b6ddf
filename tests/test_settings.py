from pathlib import Path

import jsonschema
import pytest
import yaml

from convaudit.errors import AuditError
from planning.generated import documentation
from planning.settings import Settings, load, schema

ROOT = Path(__file__).parents[1]
SHIPPED = [ROOT / "config" / "config.yaml", *sorted((ROOT / "config" / "examples").glob("*.yaml"))]


def test_the_shipped_config_shows_every_key_at_its_default():
    shipped = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    assert shipped == Settings().model_dump()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_shipped_config_is_valid(path):
    config = yaml.safe_load(path.read_text())
    load(config)
    jsonschema.validate(config, schema())


def test_schema_documentation_and_config_are_the_generated_ones():
    assert documentation.SCHEMA.read_text() == documentation.schema_text(), "run `make docs`"
    assert documentation.README.read_text() == documentation.readme_text(), "run `make docs`"
    assert documentation.CONFIG.read_text() == documentation.config_text(), "run `make docs`"


def test_an_editor_finds_the_schema_by_the_first_line_of_the_config():
    first = documentation.CONFIG.read_text().partition("\n")[0]
    path = first.removeprefix("# yaml-language-server: $schema=")
    assert (documentation.CONFIG.parent / path).resolve() == documentation.SCHEMA


def test_numbers_may_arrive_as_strings():
    settings = load({"filters": {"count": "8", "step_size": "0.5"}, "watch": "false"})
    assert (settings.filters.count, settings.filters.step_size) == (8, 0.5)
    assert settings.watch is False


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"filters": {"count": "eight"}}, "config: filters.count: must be a valid integer"),
        ({"filters": {"cuont": 8}}, "config: filters.cuont: unknown key; did you mean 'count'?"),
        ({"modle": "x"}, "config: modle: unknown key; did you mean 'model'?"),
        ({"gradcam": {"alpha": 3}}, "config: gradcam.alpha: must be less than or equal to 1"),
        ({"gradcam": {"method": "cam"}}, "config: gradcam.method: must be 'auto', 'gradcam'"),
        ({"shard_size": 0}, "config: shard_size: must be greater than or equal to 1, not 0"),
        ({"preprocess": 5}, "config: preprocess: "),
        ({"activations": {"examples": "x"}}, "config: activations.examples: "),
    ],
)
def test_a_fault_is_one_line_that_names_the_key(config, message):
    with pytest.raises(AuditError) as raised:
        load(config)
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)


def test_the_results_folder_has_one_spelling(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/somebody")
    spelled = ["out", "./out", "out/", f"{tmp_path}/out", f"../{tmp_path.name}/out", "out//"]
    assert {load({"results": path}).results for path in spelled} == {"out"}
    assert load({"results": "../out"}).results == str(tmp_path.parent / "out")
    assert load({"results": "~/my out"}).results == "/home/somebody/my out"


@pytest.mark.parametrize("path", ["", "a{shard}", "<results>", "a\nb"])
def test_a_results_folder_that_snakemake_would_misread_is_refused(path):
    with pytest.raises(AuditError, match="config: results: must be a folder's name without") as one:
        load({"results": path})
    assert "\n" not in str(one.value)


def test_every_fault_is_told_at_once():
    with pytest.raises(AuditError) as raised:
        load({"modle": 1, "seed": -1})
    assert len(str(raised.value).splitlines()) == 2

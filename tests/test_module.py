"""The audit as a module of another workflow."""

import subprocess
import sys

from conftest import ROOT
from other_workflow import CONFIG, snakefile


def test_another_workflow_uses_the_audit_s_rules(finished, tmp_path):
    (tmp_path / "Snakefile").write_text(snakefile(f"{ROOT}/Snakefile"))
    (tmp_path / "config.yaml").write_text(CONFIG)
    for name in ("toy.keras", "photos"):
        (tmp_path / name).symlink_to(finished.folder / name)

    def snakemake(*arguments: str) -> str:
        command = [sys.executable, "-m", "snakemake", "count", "--configfile", "config.yaml"]
        command += ["--rerun-triggers", "params", "software-env"]
        done = subprocess.run(
            [*command, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    snakemake("--cores", "2")
    assert (tmp_path / "count.txt").read_text() == "19"
    ours = tmp_path / "audited" / "predictions.parquet"
    assert ours.read_bytes() == (finished.folder / "results/predictions.parquet").read_bytes()
    assert "Nothing to be done" in snakemake("--dry-run")


def test_it_runs_from_another_folder_into_results_with_spaces_and_quotes(finished, tmp_path):
    command = [sys.executable, "-m", "snakemake", "index", "--cores", "1"]
    name = 'it\'s "mine" $HOME'
    command += ["--snakefile", str(ROOT / "Snakefile"), "--config", f"results={name}"]
    command += [f"model={finished.folder}/toy.keras", f"images={finished.folder}/photos"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / name / "index" / "ledger.parquet").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name[0] != "."] == [name]

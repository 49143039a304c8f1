"""What `make` says: a sentence where something is wrong, else a line for each job."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
import report

ROOT = Path(__file__).resolve().parents[2]
SNAKEMAKE = """SNAKEMAKE
=========
Building DAG of jobs...
Job stats:
job        count
-------  -------
world          1
execute       27
total         28

[Sat Nov 28 23:40:41 2026]
Job 2: Synthetic world of scale smoke
Reason: Missing output files: data/synthetic/.smoke
Finished jobid: 2 (Rule: world)
Job 3: Execute notebooks/05d.md
Job 4: Execute notebooks/07_2.md
Finished jobid: 3 (Rule: execute)
"""


@pytest.mark.parametrize(
    ("target", "settings", "sentence"),
    [
        ("experiments", {"EXPERIMENTS": "rgbb"}, "unknown experiment 'rgbb'; allowed: rgb, "),
        ("experiments", {"SCALE": "big"}, "unknown scale 'big'; allowed: smoke, cpu"),
        ("experiments", {"SEEDS": "one"}, "SEEDS has 'one'; allowed are whole numbers"),
        ("experiments", {"DATAROOT": "/no/such"}, "DATAROOT is '/no/such', and there is no such"),
        ("book", {"CORES": "two"}, "CORES has 'two'; allowed are whole numbers"),
        ("notebooks", {"EXECUTE": "some"}, "EXECUTE is 'some'; allowed: outdated, all"),
    ],
)
def test_a_wrong_setting_is_one_sentence(target, settings, sentence, tmp_path):
    command = [sys.executable, ROOT / "workflow" / "build.py", target]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, **settings}, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"make {target}: {sentence}")
    assert done.stderr.count("\n") == 1


def test_jobs_are_told_in_a_line_each_and_the_rest_is_kept(capsys):
    log = io.StringIO()
    report.follow([*SNAKEMAKE.splitlines(keepends=True), "2 of 2 steps (100%) done\n"], log)
    assert log.getvalue().startswith(SNAKEMAKE)
    assert capsys.readouterr().out.splitlines() == [
        "  27 notebooks to execute",
        "  Synthetic world of scale smoke ...",
        "  Synthetic world of scale smoke: 0 s",
        "  Execute notebooks/05d.md: 0 s",
    ]


def test_of_a_failed_job_its_own_last_words_are_shown(tmp_path, capsys):
    file = tmp_path / "05d.txt"
    wrong = "notebooks/05d.md:12: ERROR: no such label"
    file.write_text("\n".join([wrong, *(f"line {number}" for number in range(100))]))
    failure = f"Error in rule execute:\n    log: {file} (check log file(s) for error details)\n"
    report.follow((SNAKEMAKE + failure).splitlines(keepends=True), io.StringIO())
    lines = capsys.readouterr().out.splitlines()
    assert lines[4] == f"  failed; the end of {file}:"
    assert lines[5:35] == [f"line {number}" for number in range(70, 100)]
    assert lines[35:] == ["  and, before that:", wrong]


def test_where_the_graph_itself_fails_its_words_are_shown(capsys):
    text = "MissingInputException in rule html\nno such file\n"
    report.follow(text.splitlines(keepends=True), io.StringIO())
    assert capsys.readouterr().out == text


def test_help_lists_every_target():
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    phony = next(x for x in (ROOT / "Makefile").read_text().splitlines() if ".PHONY" in x)
    assert [f"make {t} " in done.stdout for t in phony.split()[1:]].count(False) == 0

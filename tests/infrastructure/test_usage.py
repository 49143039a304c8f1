"""A workflow program that is called wrongly says how it is called, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

WORKFLOW = Path(__file__).resolve().parents[2] / "workflow"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["build.py"], "the following arguments are required: target"),
        (["build.py", "books"], "invalid choice: 'books'"),
        (["launch.py"], "the following arguments are required: repository, branch"),
        (["publish.py"], "the following arguments are required: run"),
        (["weights.py", "collect", "--seeds", "0,a"], "--seeds has 'a'; allowed are whole numbers"),
    ],
)
def test_wrong_usage_is_a_sentence(words, sentence, tmp_path):
    program, *arguments = words
    done = subprocess.run(
        [sys.executable, WORKFLOW / program, *arguments],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"usage: {program} ")
    assert sentence in done.stderr.splitlines()[-1]

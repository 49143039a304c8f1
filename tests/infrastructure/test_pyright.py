"""pyright runs on what this environment holds alone, and sees what is wrong."""

import os
import subprocess
import sys

import pytest
from constraints import ROOT, SETTINGS

FOLDERS = SETTINGS["tool"]["pyright"]["include"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import torch\n\nx: torch.Tensor = torch.zeros(3)\n", ""),
        ("import torch\n\nx: int = torch.zeros(3)\n", "reportAssignmentType"),
        ("import torch\n\ntorch.zeroes(3)\n", "reportAttributeAccessIssue"),
        (
            "from jaxtyping import Float\nfrom torch import Tensor\n\n\n"
            'def f(x: Float[Tensor, "*batch n 3"]) -> Float[Tensor, " n"]:\n    return x.sum()\n',
            "",
        ),
    ],
    ids=["right", "wrong-type", "no-such-name", "shapes"],
)
def test_wrong_types_are_found_without_a_network(tmp_path, code, expected):
    """No node, no npm and no cache is there but what the packages carry."""
    (tmp_path / "code.py").write_text(code)
    bare = {"HOME": str(tmp_path / "home"), "PATH": str(tmp_path), "PYTHONPATH": os.devnull}
    command = [sys.executable, "workflow/typecheck.py", str(tmp_path / "code.py")]
    done = subprocess.run(command, cwd=ROOT, env=bare, capture_output=True, text=True)
    assert done.returncode == (1 if expected else 0), done
    assert expected in done.stdout
    assert ("- error:" in done.stdout) == bool(expected)
    assert not (tmp_path / "home").exists(), "nothing was downloaded"


def test_the_mathematics_and_the_world_are_checked():
    assert {f"src/rigid_depth/{name}" for name in ("rotations", "latents", "losses", "models")} < (
        set(FOLDERS)
    )
    assert "src/street_world" in FOLDERS

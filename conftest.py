"""What `pytest` needs to test the stored notebooks from any folder, with or without make."""

import os
from pathlib import Path

import nbval.kernel
from kernels import ENVIRONMENT, persistent

ROOT = Path(__file__).resolve().parent
SANITISE = ROOT / "tests" / "nbval_sanitize.cfg"

for name, value in ENVIRONMENT.items():
    if name != "MPLBACKEND":  # the kernels choose it themselves, and tests draw without a screen
        os.environ.setdefault(name, value)


nbval.kernel.start_new_kernel = persistent(nbval.kernel.start_new_kernel)


def pytest_configure(config) -> None:
    """Sanitises outputs as the stored notebooks do, unless another file is named."""
    if not config.getoption("nbval_sanitize_with", None):
        config.option.nbval_sanitize_with = str(SANITISE)

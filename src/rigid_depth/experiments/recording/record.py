"""The record of a run: what was done, on which data, at what cost, with which result (DESIGN 6)."""

from __future__ import annotations

import json
import platform
import re
import resource
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from rigid_depth.conventions import HEADLINE_CAP_M
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.settings import refuse_places
from rigid_depth.whole import write_whole

SCHEMA = 1
FILE, WEIGHTS = "record.json", "weights.safetensors"
"""What the files of a finished run are called."""
NEEDED = (
    "experiment", "scale", "seed", "created", "parameters", "overrides", "source", "data", "cost",
    "metrics",
)  # fmt: skip
"""What every record has; later versions added more."""
LIBRARIES = ("torch", "lightning", "numpy", "rigid-depth")


@dataclass(frozen=True)
class RunRecord:
    """A finished run: the folder it lies in and its record as JSON values."""

    folder: Path
    data: dict

    @property
    def metrics(self) -> dict:
        """Metrics by split ("train", "val", "test") and branch ("rgb", ...)."""
        return self.data["metrics"]

    def rmse_m(
        self, split: str = "test", branch: str = "rgb", cap_m: int = HEADLINE_CAP_M
    ) -> float:
        """The headline: RMSE in metres, pooled over the LiDAR returns of a split up to a cap."""
        return self.metrics[split][branch]["caps"][str(cap_m)]["rmse_m"]


def read_record(folder: str | Path) -> RunRecord:
    """The record in a run's folder; raises RigidDepthError if it is missing, foreign or in part."""
    path = Path(folder) / FILE
    try:
        data = json.loads(path.read_text())
    except FileNotFoundError:
        raise RigidDepthError(f"there is no run record {path}.") from None
    except (OSError, ValueError) as error:
        raise RigidDepthError(
            f"run record {path} is not readable JSON ({error}); remove it."
        ) from None
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise RigidDepthError(f"run record {path} is not of schema {SCHEMA}.")
    if lacks := [name for name in NEEDED if name not in data]:
        raise RigidDepthError(f"run record {path} is not whole: it lacks {', '.join(lacks)}.")
    return RunRecord(Path(folder), data)


def write_record(folder: Path, data: dict) -> RunRecord:
    """Writes the record so that a reader sees all of it or nothing; absolute paths are refused."""
    refuse_places(data)
    write_whole(folder / FILE, lambda path: path.write_text(as_json(data)))
    return RunRecord(folder, json.loads(json.dumps(data)))


def as_json(data: dict) -> str:
    """The record as text: one line for each entry, and for a list of plain values."""
    text = json.dumps(data, indent=1, allow_nan=False)
    return re.sub(r"\[\s[^][{}]*\]", lambda found: " ".join(found[0].split()), text) + "\n"


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def machine(precision: str, devices: int) -> dict:
    """The record's `machine`: what the run ran on."""
    import torch  # here, so that reading a record needs none

    gpu = torch.cuda.is_available()
    return {
        "processor": _processor(),
        "gpu": torch.cuda.get_device_name() if gpu else None,
        "devices": devices,
        "threads": torch.get_num_threads(),
        "platform": f"{platform.system()}-{platform.machine()}",
        "precision": precision,
    }


def versions() -> dict:
    """The record's `versions`: Python and the libraries that decide results."""
    return {
        "python": platform.python_version(),
        **{library: metadata.version(library) for library in LIBRARIES},
    }


def peak_memory_mb() -> float:
    """The most memory the process has held so far, of the GPU if there is one, in 10^6 bytes."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def _processor() -> str:
    """The processor's name as Linux gives it, elsewhere as Python does."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()

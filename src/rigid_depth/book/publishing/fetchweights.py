"""Trained weights of published runs from the web, checked against the sum that was published.

Nothing is fetched unless this is called. Beside the record of a published run lies
`weights.sha256`, as `sha256sum` writes it; the file itself is an asset of a release.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import urllib.error
import urllib.request
from pathlib import Path

from rigid_depth.book.publishing.address import repository_url
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.recording.record import WEIGHTS
from rigid_depth.experiments.sources import home
from rigid_depth.whole import write_whole

SUM = "weights.sha256"
VARIABLE = "RIGID_DEPTH_WEIGHTS"
SCHEMES = ("https://", "http://", "file://")
PATIENCE_S = 60
NAME = re.compile(r"([\w.-]+)/([\w.+=-]+)(?:/seed-(\d+))?")


def asset_name(run: str) -> str:
    """What the weights of a run are called among the files of a release.

    `core/rgb/seed-0` becomes `core-rgb-seed-0.safetensors`: releases allow no other signs.
    """
    return re.sub(r"[^A-Za-z0-9_.-]", "-", run) + ".safetensors"


def fetch_weights(
    run: str, url: str = "", *, out: str | Path = "runs", results: str | Path | None = None
) -> Path:
    """Fetches the weights of a published run into its folder below `out`; returns the file.

    `run` is `core/rgb/seed-0`, or `core/rgb` for seed 0. `url` is the address of the folder of the
    files; by default the variable RIGID_DEPTH_WEIGHTS, then the latest release of the repository.
    `results` is the folder of published records, by default the repository's. A file that is there
    and right is left alone. Raises RigidDepthError for an unknown run, one without a published sum,
    an address that gives no file, a wrong file, and where another file is in the way.
    """
    results = Path(results or home("the sums of published weights") / "book" / "results")
    name = _full_name(run)
    wanted = _published_sum(results, name)
    target = Path(out) / name / WEIGHTS
    if target.exists():
        if digest(target) == wanted:
            return target
        raise RigidDepthError(f"{target} is another file than the published one; move it away.")
    address = f"{_folder(url, results)}/{asset_name(name)}"
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, lambda path: _download(address, path, wanted))
    return target


def _full_name(run: str) -> str:
    found = NAME.fullmatch(run)
    if found is None or ".." in run:
        raise RigidDepthError(f"'{run}' is no run; allowed is SCALE/EXPERIMENT/seed-NUMBER.")
    return f"{found[1]}/{found[2]}/seed-{found[3] or 0}"


def _published_sum(results: Path, name: str) -> str:
    path = results / name / SUM
    if not path.is_file():
        known = sorted(p.parent.relative_to(results).as_posix() for p in results.rglob(SUM))
        raise RigidDepthError(
            f"no weights of {name} are published; there are: {', '.join(known) or 'none'}."
        )
    return path.read_text(encoding="utf-8").split()[0]


def _folder(url: str, results: Path) -> str:
    """The address of the folder with the files, without a slash at its end."""
    url = url or os.environ.get(VARIABLE, "")
    if not url and (site := repository_url(results)):
        url = f"{site}/releases/latest/download"
    if not url.startswith(SCHEMES):
        raise RigidDepthError(
            f"the address of the weights is '{url}'; give --url or set {VARIABLE} to one that "
            f"begins with {', '.join(SCHEMES)}."
        )
    return url.rstrip("/")


def _download(address: str, path: Path, wanted: str) -> None:
    """Fetches a file; raises RigidDepthError where none is given, or one of another sum."""
    try:
        with (
            urllib.request.urlopen(address, timeout=PATIENCE_S) as answer,
            open(path, "wb") as file,
        ):
            shutil.copyfileobj(answer, file)
    except (urllib.error.URLError, TimeoutError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise RigidDepthError(f"{address} cannot be fetched: {reason}.") from None
    if (found := digest(path)) != wanted:
        raise RigidDepthError(
            f"{address} is not the file of the published run: its SHA-256 is {found}, published "
            f"is {wanted}."
        )


def digest(path: Path) -> str:
    """The SHA-256 of a file, as `sha256sum` writes it."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

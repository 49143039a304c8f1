"""The settings of a run as a file of YAML, and a run's record turned into one.

    experiment: rgb
    scale: cpu
    seed: 0
    dataset: synthetic
    parameters: {steps: 1000}

Only `experiment` has to be there. `parameters` are fields of the experiment and the scale, as `-p`
takes them. Where data lie and where the run goes is no setting: it stays on the command line.
"""

from __future__ import annotations

from pathlib import Path

from rigid_depth.data.kitti_lists import EIGEN
from rigid_depth.errors import RigidDepthError

KEYS = ("experiment", "scale", "seed", "dataset", "parameters")
LIST = ("", EIGEN)
PATHS = {
    "encoder_weights": ("",),
    "train_files": LIST,
    "val_files": LIST,
    "test_files": LIST,
    "annotation_root": ("",),
    "sky": ("", "none", "auto", "truth", "evidence"),
}
"""Parameters that name a file or a folder, and what in their place is none."""


def read_config(path: str | Path) -> dict:
    """Returns the settings in a file, lists as tuples; raises RigidDepthError for other ones."""
    import yaml

    from rigid_depth.experiments.plan import refuse_seed

    try:
        found = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        said = " ".join(str(error).split())
        raise RigidDepthError(f"settings {path} are not readable YAML ({said}).") from None
    if not isinstance(found, dict) or not isinstance(found.get("parameters") or {}, dict):
        raise RigidDepthError(f"settings {path} are no mapping of {', '.join(KEYS)}.")
    for key in found:
        if key not in KEYS:
            raise RigidDepthError(
                f"settings {path} have the key '{key}'; allowed are {', '.join(KEYS)}."
            )
    if not isinstance(found.get("experiment"), str):
        raise RigidDepthError(f"settings {path} name no experiment.")
    if "seed" in found:
        refuse_seed(found["seed"])
    for key in ("scale", "dataset"):
        if not isinstance(found.get(key, ""), str):
            raise RigidDepthError(f"settings {path} have the {key} {found[key]!r}; it is a name.")
    values = found.get("parameters") or {}
    for name in values:
        if not isinstance(name, str):
            raise RigidDepthError(f"settings {path} have the parameter {name!r}; it is a name.")
    changed = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return {**found, "parameters": changed}


def as_config(record: dict) -> str:
    """Returns the settings of a record of a run as such a file.

    `parameters` holds every value that differs from what experiment and scale say today, so that
    the file means the same run after a scale has changed. What the record lacks is a comment: the
    folders of the data and of files that parameters name, and the weights it started from.
    """
    import yaml

    from rigid_depth.experiments.registry import find_experiment, find_scale
    from rigid_depth.experiments.settings import open_fields, parameters
    from rigid_depth.experiments.standing import with_defaults

    experiment, scale = find_experiment(record["experiment"]), find_scale(record["scale"])
    dataset = record["parameters"]["dataset"]
    then, today = with_defaults(record["parameters"]), parameters(experiment, scale, dataset)
    names = [*open_fields(experiment), *open_fields(scale)]
    settings = {
        "experiment": experiment.name,
        "scale": scale.name,
        "seed": record["seed"],
        "dataset": dataset,
        "parameters": {name: then[name] for name in names if then[name] != today[name]},
    }
    text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True, default_flow_style=None)
    lines = [f"# made by commit {record['source']['commit']} on {record['created']}"]
    if dataset != "synthetic":
        lines.append(f"# give the folder of {dataset} by --dataroot")
    if begun := then.get("init_from"):
        lines.append(f"# began with the weights of {begun['origin']}: give them by --init-from")
    lines += [
        f"# {name} is without its folder: write it before '{path}'"
        for name, value in settings["parameters"].items()
        if (path := _without_folder(name, value))
    ]
    return "\n".join([*lines, text])


def _without_folder(name: str, value: object) -> str:
    """The file or folder that a parameter of a record names, empty if it names none."""
    if name == "only_scenes":  # no name of a scene has an ending
        return value[0] if len(value) == 1 and "." in value[0] else ""
    return value.rpartition(":")[2] if name in PATHS and value not in PATHS[name] else ""

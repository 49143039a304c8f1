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

from rigid_depth.errors import RigidDepthError

KEYS = ("experiment", "scale", "seed", "dataset", "parameters")


def read_config(path: str | Path) -> dict:
    """Returns the settings in a file, lists as tuples; raises RigidDepthError for other keys."""
    import yaml

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
    values = found.get("parameters") or {}
    changed = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return {**found, "parameters": changed}


def as_config(record: dict) -> str:
    """Returns the settings of a record of a run as such a file.

    `parameters` holds every value that differs from what experiment and scale say today, so that
    the file means the same run after a scale has changed. What the record lacks is a comment: the
    folder of the data, and the weights it started from.
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
    return "\n".join([*lines, text])

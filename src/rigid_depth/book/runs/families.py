"""Which rows are compared with which reference, and corrected together."""

TWO_BRANCHES = (
    "mse", "mse-undetached", "mse-fresh-decoder", "coral", "coral-pixels",
    "weight-maps", "relative", "relative-mse", "relative-local",
    "relative-pretrained", "relative-pretrained-conv", "relative-parallel", "rotation-global-2",
    "rotation-global-3", "rotation-local-3", "rotation-global-16", "rotation-global-16-latent",
    "rotation-identity", "lidar-diluted", "lidar-noisy", "small-encoder", "shared-encoder",
    "mse-withheld", "coral-normalised", "relative-rotation",
)  # fmt: skip
TRAINED_TWICE = ("mse-fresh-decoder-free",)
"""Rows whose RGB branch is trained for twice as many steps."""
FAMILIES = {
    "rgb": ("rgb-infinity", *TWO_BRANCHES),
    "rgb-infinity": TWO_BRANCHES,
    "rgb-infinity-fresh-decoder": TRAINED_TWICE,
}
"""Reference -> the rows compared with it and corrected together: plain RGB, RGB with the losses of
a two-branch model, and the same trained twice. A new experiment joins a family here or changes no
verdict. The ablations of 8.1 and the oracle, whose RGB branch is given LiDAR, belong to none."""


def own_reference(experiment: str, reference: str) -> str:
    """What a row is to be compared with where one reference is named for several rows.

    That reference, unless the row is in the family of another one alone: a row that is trained
    twice is compared with RGB trained twice.
    """
    mine = [base for base, family in FAMILIES.items() if experiment in family]
    return mine[0] if mine and reference in FAMILIES and reference not in mine else reference

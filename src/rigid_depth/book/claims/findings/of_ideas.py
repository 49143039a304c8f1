"""What the thesis proposes and does not claim to work, tried: rows of its future work."""

from __future__ import annotations

from rigid_depth.book.claims.findings.finding import Judgement, idea
from rigid_depth.book.claims.findings.judging import all_of, improves
from rigid_depth.book.runs.results import Run


@idea("small-encoder", "shared-encoder", "mse")
def another_encoder_of_the_guide_helps(shown: list[Run]) -> Judgement:
    """A smaller encoder of the guide, or a shared one, makes RGB better than MSE alone."""
    return improves(shown, ["small-encoder", "shared-encoder"], "mse")


@idea("coral-pixels", "coral")
def coral_between_the_pixels_helps(shown: list[Run]) -> Judgement:
    """CORAL between the pixels makes RGB better than CORAL between the channels."""
    return improves(shown, ["coral-pixels"], "coral")


@idea("mse-classes", "rgb-infinity")
def segmentation_as_the_task_of_the_guide_helps(shown: list[Run]) -> Judgement:
    """A guide that predicts classes makes RGB better than RGB with the infinity loss."""
    return improves(shown, ["mse-classes"], "rgb-infinity")


@idea("mse-transformer", "rgb-infinity-transformer")
def a_guide_helps_a_transformer(shown: list[Run]) -> Judgement:
    """Aligned by MSE with a guide, a transformer is better than the same transformer alone."""
    return improves(shown, ["mse-transformer"], "rgb-infinity-transformer")


@idea("relative-rotation", "rotation-global-3", "relative-mse")
def rotating_relative_representations_helps(shown: list[Run]) -> Judgement:
    """Rotations of relative representations make RGB better than either method alone."""
    return all_of(
        *(
            improves(shown, ["relative-rotation"], reference)
            for reference in ("rotation-global-3", "relative-mse")
        )
    )

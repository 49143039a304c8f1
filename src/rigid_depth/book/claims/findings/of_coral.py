"""What our runs show of CORAL (7.5 and 8.2)."""

from __future__ import annotations

from statistics import fmean

from rigid_depth.book.claims.findings.finding import finding, seeds
from rigid_depth.book.claims.findings.reading import (
    NO_DIFFERENCE,
    decoded,
    decoded_of,
    of_shared_seeds,
    paired,
    verdicts,
)
from rigid_depth.book.runs.measures import END_SHARE, latent_variance
from rigid_depth.book.runs.results import CONTROL, Run


@finding("coral", "mse", "mse-unaligned")
def coral_leaves_latents_farther_apart_than_mse(shown: list[Run]) -> bool:
    """CORAL's loss falls two thousandfold; its pairs end farther apart than MSE's in every seed.

    The latents vary over 30 times less than unaligned ones of the same seed. CORAL goes with the
    square of that: shrinking alone lowers it 900 times or more. A linear probe still tells CORAL's
    two latents apart in 99 of 100 cases. Yet a decoder that has seen RGB-D latents alone has a
    smaller error on CORAL's RGB latent than on that of MSE, in every seed. The two rows differ in
    their decoders and in detaching, too. Described after the runs were seen.
    """
    curves = [r.record["curves"]["train"]["alignment"] for r in seeds(shown, "coral").values()]
    pairs = paired(shown, "coral", "mse")
    read = [coral.rmse_m(CONTROL) < mse.rmse_m(CONTROL) for coral, mse in pairs]
    distances = (decoded(shown, name, "relative_distance") for name in ("coral", "mse"))
    of_coral, of_mse = distances
    return all(
        (
            all(curve[-1] < curve[0] / 2000 for curve in curves),
            all(
                30 * latent_variance(coral.record) < latent_variance(unaligned.record)
                for coral, unaligned in paired(shown, "coral", "mse-unaligned")
            ),
            min(decoded(shown, "coral", "probe_accuracy")) > 0.99,
            min(of_coral) > max(of_mse),
            all(read),
        )
    )


@finding("coral", "coral-normalised", "rgb-infinity")
def at_its_weight_too_coral_is_not_told_apart_from_rgb(shown: list[Run]) -> bool:
    """At returns CORAL that keeps its weight is not told apart from RGB alone either.

    Normalised, it ends with nine tenths of its weight and more; as printed, with a hundredth. The
    normalised loss, which shrinking cannot lower, is met: it falls ninetyfold or more. On average
    the latents end no nearer, a probe tells them apart in over 99 %, and no branch is told apart
    from that of CORAL as printed. Described after the runs were seen.
    """
    faded, kept = (
        [END_SHARE(run.record) for run in seeds(shown, name).values()]
        for name in ("coral", "coral-normalised")
    )
    met = seeds(shown, "coral-normalised").values()
    curves = [run.record["curves"]["train"]["alignment"] for run in met]
    rows = of_shared_seeds(shown, ("coral-normalised", "coral")).values()
    ours, plain = (fmean(decoded_of(run, "relative_distance") for run in row) for row in rows)
    branches = ("rgb", "depth", "zero_shot_control")
    alike = [verdicts(shown, ["coral-normalised"], "coral", branch) for branch in branches]
    return all(
        (
            min(kept) > 90 and max(faded) < 1,
            all(90 * curve[-1] < curve[0] for curve in curves),
            min(decoded(shown, "coral-normalised", "probe_accuracy")) > 0.99,
            ours > plain,
            alike == [[NO_DIFFERENCE]] * len(branches),
            verdicts(shown, ["coral-normalised"], "rgb-infinity") == [NO_DIFFERENCE],
        )
    )


@finding("coral", "rgb-infinity")
def coral_is_not_told_apart_from_rgb(shown: list[Run]) -> bool:
    """At returns CORAL between the latents is not told apart from RGB alone."""
    return verdicts(shown, ["coral"], "rgb-infinity") == [NO_DIFFERENCE]


@finding("mse-undetached", "coral")
def mse_ends_nearer_than_coral(shown: list[Run]) -> bool:
    """An MSE that detaches nothing ends nearer than CORAL, whichever seeds are compared.

    By the relative distance of the latents; a linear probe tells them apart with either. No
    difference in RGB is shown.
    """
    distance, probe = (
        [decoded(shown, name, measure) for name in ("mse-undetached", "coral")]
        for measure in ("relative_distance", "probe_accuracy")
    )
    apart = min(probe[0] + probe[1]) > 0.95
    alike = verdicts(shown, ["coral"], "mse-undetached") == [NO_DIFFERENCE]
    return max(distance[0]) < min(distance[1]) and apart and alike

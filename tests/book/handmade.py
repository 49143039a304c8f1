"""Records made by hand for tests of tables."""

import numpy as np

from rigid_depth.book.runs.results import Run


def run(experiment, seed, shift=0.0, **alignment):
    """A record whose six scenes have an RMSE of about 9 m plus a shift, 1,000 pixels each."""
    generator = np.random.default_rng(seed)
    rmse = 9 + np.arange(6) * 0.3 + 0.01 * generator.normal(size=6) + shift
    scenes = {
        f"scene-{k}": {"squared_error_sum_m2": 1000 * r**2, "pixels": 1000}
        for k, r in enumerate(rmse)
    }
    caps = {"80": {"rmse_m": float(np.sqrt((rmse**2).mean()))}}
    branch = {"caps": caps, "scenes": scenes}
    return Run("cpu", experiment, seed, {"metrics": {"test": {"rgb": branch}}, **alignment})

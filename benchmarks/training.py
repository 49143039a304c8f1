"""One training step and one prediction, from the plain way to ours, in one run.

    python -m benchmarks.training [--scale gpu] [--experiment rotation-global-3]

On a GPU it measures what `--scale gpu` trains (batch 8, 384x768), on a CPU by default scale `cpu`.
Every row adds one thing to the row above; all see the same frames of the smoke world, so that the
losses can be compared. Time is wall time after the device has done what it was told; `waiting` is
the share of a step before its batch is there; `peak` the share of the multiply-adds per second
that the machine does in a large matrix product of the same arithmetic. On a CPU the shortest of a
few steps counts, so that other load falls on no row. About a minute on 2 cores.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import os
import time
from collections.abc import Callable
from dataclasses import replace

import torch
from torch.utils.flop_counter import FlopCounterMode

from rigid_depth.data import open_frames
from rigid_depth.experiments import EXPERIMENTS, SCALES
from rigid_depth.experiments.measuring.measure import best_device
from rigid_depth.experiments.methods import build_model
from rigid_depth.experiments.plan import plan_run
from rigid_depth.experiments.settings import Experiment, Scale
from rigid_depth.experiments.stores import make_store
from rigid_depth.experiments.training.feed import Batch, Feed, generator_at, guided, network_batch
from rigid_depth.experiments.training.objective import objective
from rigid_depth.experiments.training.speed import dense_gradients
from rigid_depth.experiments.worlds import make_world

GPU_STEPS, CPU_STEPS, WARM_UP = 30, 4, 2
PAD = 8192


def synchronise() -> None:
    """Waits until the device has done what it was told."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def seconds(run: Callable[[], object], warm_up: int = WARM_UP) -> float:
    """The time of a call, warm: the mean of many in a row on a GPU, the shortest on a CPU."""
    for _ in range(warm_up):
        run()
    synchronise()
    if torch.cuda.is_available():
        began = time.perf_counter()
        for _ in range(GPU_STEPS):
            run()
        synchronise()
        return (time.perf_counter() - began) / GPU_STEPS
    times = []
    for _ in range(CPU_STEPS):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return min(times)


def peak_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Multiply-adds per second of a large matrix product, the most this machine does."""
    n = 8192 if device.type == "cuda" else 2048
    a, b = (torch.randn(n, n, device=device, dtype=dtype) for _ in range(2))
    return n**3 / seconds(lambda: a @ b)


class Unprepared:
    """Batches read from the data set's files at every step, as a first script would."""

    def __init__(self, scale: Scale, experiment: Experiment, device: torch.device):
        root = make_world(SCALES["smoke"], progress=False)
        self.frames = open_frames("synthetic", root, "train", size=scale.image_size)
        self.scale, self.experiment, self.device = scale, experiment, device

    def batch(self, step: int) -> Batch:
        """The batch of a step."""
        count, size = len(self.frames), self.scale.batch_size
        chosen = [self.frames[(step * size + k) % count] for k in range(size)]
        points = torch.stack(
            [torch.nn.functional.pad(f.points, (0, 0, 0, PAD - len(f.points))) for f in chosen]
        )
        raw = {
            "rgb": torch.stack([f.rgb for f in chosen]),
            "points": points,
            "sky": torch.stack([f.sky for f in chosen]),
        }
        moved = network_batch({name: value.to(self.device) for name, value in raw.items()})
        return guided(moved, self.experiment, generator_at(0, step, 4))


def train(model, feed, experiment: Experiment, dtype: torch.dtype | None) -> dict:
    """Some steps of training: seconds a step, share of waiting, the losses, peak memory."""
    device = best_device()
    optimiser = torch.optim.RAdam(model.parameters(), lr=1e-4, foreach=True)
    losses, waits = [], []

    def step() -> None:
        began = time.perf_counter()
        batch = feed.batch(len(losses) % 4)
        waits.append(time.perf_counter() - began)
        arithmetic = torch.autocast(device.type, dtype) if dtype else contextlib.nullcontext()
        torch.manual_seed(len(losses))
        with arithmetic:
            terms = objective(model(batch), batch, experiment, 0, 100)
            loss = sum(terms.values())
        loss.backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        losses.append(loss.detach())

    each = seconds(step)
    memory = torch.cuda.max_memory_allocated() / 1e9 if device.type == "cuda" else None
    curve = torch.stack(losses).float().cpu()
    waiting = sorted(waits[WARM_UP:])[len(waits[WARM_UP:]) // 2] / each
    return {"seconds": each, "waiting": waiting, "losses": curve, "memory": memory}


def multiply_adds(model, batch: Batch, experiment: Experiment) -> float:
    """Multiply-adds of forward and backward for one image."""
    with FlopCounterMode(display=False) as counter:
        sum(objective(model(batch), batch, experiment, 0, 100).values()).backward()
    model.zero_grad(set_to_none=True)
    return counter.get_total_flops() / 2 / len(batch["rgb"])


def report_training(scale: Scale, experiment: Experiment, device: torch.device) -> None:
    """The table of training: one row for each step of the way."""
    torch.manual_seed(0)
    network = build_model(experiment, scale).to(device)
    split = make_store(replace(SCALES["smoke"], image_size=scale.image_size), "synthetic",
                       progress=False).split("train")  # fmt: skip
    quiet = replace(experiment, flip=0.0, jitter=0.0)
    plan = replace(plan_run(experiment.name), experiment=quiet, scale=scale)
    ways = [
        ("float32, files read at every step", Unprepared(scale, quiet, device), None, False),
        ("+ prepared store in memory", Feed(split, plan, device), None, False),
        ("+ channels last", Feed(split, plan, device), None, True),
        ("+ bf16", Feed(split, plan, device), torch.bfloat16, True),
    ]
    if device.type == "cuda":
        name, finish = "+ compiled", torch.nn.Module.compile
    else:
        name, finish = "+ gradients in memory of their own", dense_gradients
    ways.append((name, ways[-1][1], torch.bfloat16, True))
    work = multiply_adds(copy.deepcopy(network), ways[1][1].batch(0), quiet)
    print(f"{work / 1e9:.2f} G multiply-adds an image, forward and backward\n")
    print("| training, batch 8 | ms a step | images/s | times the first | waiting | peak | GB |")
    print("| :--- | ---: | ---: | ---: | ---: | ---: | ---: |")
    first, plain = None, None
    for name, feed, dtype, last in ways:
        model = copy.deepcopy(network)
        model = model.to(memory_format=torch.channels_last) if last else model
        if name == ways[-1][0]:
            finish(model)
        found = train(model, feed, quiet, dtype)
        first = first or found["seconds"]
        rate = work * scale.batch_size / found["seconds"]
        share = rate / peak_rate(device, dtype or torch.float32)
        memory = "–" if found["memory"] is None else f"{found['memory']:.1f}"
        print(
            f"| {name} | {found['seconds'] * 1e3:.1f} | {scale.batch_size / found['seconds']:.1f} "
            f"| {first / found['seconds']:.2f} | {found['waiting']:.1%} | {share:.1%} | {memory} |"
        )
        if isinstance(feed, Feed):
            plain = found["losses"] if plain is None else plain
            apart = ((found["losses"] - plain).abs() / plain).max()
            assert apart < 0.05, f"{name}: the losses differ by {apart:.1%} from float32"
    print("\nThe losses of all rows agree with float32 within 5 % over the steps measured.")


def report_inference(scale: Scale, experiment: Experiment, device: torch.device) -> None:
    """The table of inference: the RGB branch on one image."""
    torch.manual_seed(0)
    network = build_model(experiment, scale).to(device).eval()
    image = torch.rand(1, 3, *scale.image_size, device=device)
    ways = [("float32", None, False), ("+ channels last", None, True),
            ("+ bf16", torch.bfloat16, True)]  # fmt: skip
    if device.type == "cuda":
        ways.append(("+ compiled", torch.bfloat16, True))
    print("\n| one image, RGB branch | ms |\n| :--- | ---: |")
    for name, dtype, last in ways:
        layout = torch.channels_last if last else torch.contiguous_format
        model, x = copy.deepcopy(network).to(memory_format=layout), image.to(memory_format=layout)
        infer = (
            torch.compile(model.infer, mode="reduce-overhead") if "comp" in name else model.infer
        )
        arithmetic = torch.autocast(device.type, dtype) if dtype else contextlib.nullcontext()
        with torch.inference_mode(), arithmetic:
            each = seconds(lambda infer=infer, x=x: infer(x))
        print(f"| {name} | {each * 1e3:.2f} |")


def main() -> None:
    """Reads the command line and measures."""
    device = best_device()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", default="gpu" if device.type == "cuda" else "cpu")
    parser.add_argument("--experiment", default="rotation-global-3")
    options = parser.parse_args()
    scale, experiment = SCALES[options.scale], EXPERIMENTS[options.experiment]
    name = torch.cuda.get_device_name() if device.type == "cuda" else f"{os.cpu_count()} processors"
    print(f"## training: {experiment.name}, scale {scale.name}, {name}, torch {torch.__version__}")
    report_training(scale, experiment, device)
    report_inference(scale, experiment, device)


if __name__ == "__main__":
    main()

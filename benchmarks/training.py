"""The training module against the Hugging Face Trainer and a plain loop: same model, rows, batch, schedule, score.

    python benchmarks/training.py                            # CPU: the small and the medium shape, three seeds
    python benchmarks/training.py --device cuda --shape base large

Real tokens only: no padding is counted, neither in the tokens nor in the FLOPs, which are 6 for each weight of a matrix
and token and 12 L h n^2 for the attention of a text of n tokens (forward and backward). The first epoch is warm-up (and
compilation, told apart); the others are timed from the end of the first to the end of the last step, with copies,
clipping, optimiser and data. Each measurement is a process of its own; those of a seed follow each other, so that the
ratios do not mix quiet with busy times. The peak is a large matrix product, measured on this very machine. Nothing is
fetched: weights are drawn, token numbers are made.
"""

# ruff: noqa: PLC0415  # each way pays for its own imports, and for no others

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from diagnose.train.data import Examples, Splits
    from diagnose.train.model import Net
    from diagnose.train.spec import Spec

WAYS = ("trainer", "trainer-best", "plain", "module", "module-fast")
CLASSES, MARKERS, FIRST_NOISE = 3, 4, 40  # tokens that tell a class, of 8 for each, in front of the noise


class Shape(NamedTuple):
    """A model and its work.

    batch: rows of a step; at_once: of them those that the Trainer's padded batches have memory for, the rest is
    accumulated; texts: log-normal lengths with this mean and 95th percentile.
    """

    hidden: int
    layers: int
    heads: int
    vocabulary: int
    spread: float
    rate: float
    rows: int
    epochs: int
    batch: int
    at_once: int
    texts: tuple[float, float]


SHAPES = {
    "small": Shape(64, 2, 2, 256, 0.1, 2e-3, 1200, 4, 32, 32, (18, 24)),
    "medium": Shape(128, 4, 4, 1024, 0.08, 1e-3, 512, 4, 32, 32, (36, 80)),
    "base": Shape(768, 12, 12, 50265, 0.03, 1e-4, 44_800, 3, 448, 112, (36, 80)),
    "large": Shape(1024, 24, 16, 50265, 0.03, 5e-5, 22_400, 3, 448, 56, (36, 80)),
}


def specification(shape: Shape, seed: int, device: str, folder: str, **args: Any) -> Spec:
    """Return what all ways carry out."""
    from diagnose.train.spec import Args, Data, Model, Spec

    given = {
        "learning_rate": shape.rate, "num_train_epochs": shape.epochs, "per_device_train_batch_size": shape.batch,
        "seed": seed, "eval_steps": 10**9, **args,
    }  # fmt: skip
    model = Model(
        hidden=shape.hidden, layers=shape.layers, heads=shape.heads, intermediate=4 * shape.hidden,
        initializer_range=shape.spread,
    )  # fmt: skip
    data = Data(classes=CLASSES, vocabulary=shape.vocabulary, rows=shape.rows, seed=seed)
    return Spec(output=folder, data=data, model=model, args=Args(**given), device=device)


def texts_of(shape: Shape, seed: int) -> Splits:
    """Make texts of noise in which a few tokens tell the class."""
    import numpy as np

    from diagnose.train.data import CLS, Examples, Splits

    rng = np.random.default_rng(seed)
    above = math.log(shape.texts[1] / shape.texts[0])  # 1.645 s - s^2/2 of a log-normal law
    sigma = 1.645 - math.sqrt(1.645**2 - 2 * above)
    parts = []
    for rows in (shape.rows, 512):
        labels = rng.integers(0, CLASSES, rows)
        sizes = np.clip(rng.lognormal(math.log(shape.texts[0]) - sigma**2 / 2, sigma, rows), 6, 128).astype(int)
        tokens = []
        for label, size in zip(labels, sizes, strict=True):
            text = rng.integers(FIRST_NOISE, shape.vocabulary, size)
            text[rng.permutation(size)[:MARKERS]] = 4 + 8 * label + rng.integers(0, 8, MARKERS)
            tokens.append(np.concatenate(([CLS], text)))
        parts.append(Examples(tokens, labels.tolist()))
    return Splits(parts[0], parts[1], tuple(f"class_{i}" for i in range(CLASSES)), CLASSES, shape.vocabulary)


class Clock:
    """Times the steps after the first epoch; the GPU is waited for at both ends only."""

    def __init__(self, device: torch.device, per_epoch: int, steps: int) -> None:
        self.device, self.first, self.last, self.done = device, per_epoch, steps, 0
        self.begun, self.seconds, self.warm_up = time.perf_counter(), math.nan, math.nan
        self.cpu = time.process_time()

    def step(self) -> None:
        """Hear that a step ended."""
        self.done += 1
        if self.done in (self.first, self.last):
            if self.device.type == "cuda":
                import torch

                torch.cuda.synchronize()
            now, cpu = time.perf_counter(), time.process_time()
            if self.done == self.first:
                self.warm_up = now - self.begun
            else:
                self.seconds, self.cpu = now - self.begun, cpu - self.cpu
            self.begun, self.cpu = now, cpu if self.done == self.first else self.cpu


def module(spec: Spec, splits: Splits, clock_of: Callable[..., Clock]) -> tuple[Clock, float]:
    """Train with the module."""
    from diagnose.train import loop

    vars(loop)["load"] = lambda _: splits  # lengths that no specification makes
    trainer = loop.Trainer(spec)
    clock, step = clock_of(trainer.device), trainer._step  # noqa: SLF001  # its end is to be timed, not its report's

    def timed(rows: list[int]) -> Any:
        out = step(rows)
        clock.step()
        return out

    trainer._step = timed  # type: ignore[method-assign]  # noqa: SLF001  # as above
    return clock, trainer.run(lambda *_: None)["eval_macro_f1"]


def plain(spec: Spec, splits: Splits, clock_of: Callable[..., Clock]) -> tuple[Clock, float]:
    """Train with the loop that everybody writes: padded batches, AdamW, clipping, a linear schedule."""
    import torch

    from diagnose.train.batches import collate, train_rows
    from diagnose.train.device import device_of, settled
    from diagnose.train.model import build
    from diagnose.train.optimize import rate_at

    device = device_of(spec)
    spec = settled(spec, torch.device("cpu"))
    net = build(spec, splits).to(device).train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=spec.args.learning_rate, weight_decay=spec.args.weight_decay)
    per_epoch = -(-len(splits.train) // spec.args.per_device_train_batch_size)
    clock, steps = clock_of(device), int(per_epoch * spec.args.num_train_epochs)
    for step in range(steps):
        if step % per_epoch == 0:
            batches = train_rows(spec, splits, step // per_epoch)
        optimizer.param_groups[0]["lr"] = rate_at(spec.args, step, steps)
        loss = net(collate(splits.train, next(batches), spec).to(device)).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), spec.args.max_grad_norm)
        optimizer.step()
        clock.step()
    return clock, score(net, spec, splits, device)


def trainer(
    spec: Spec, splits: Splits, clock_of: Callable[..., Clock], *, at_once: int, best: bool
) -> tuple[Clock, float]:
    """Train with the Hugging Face Trainer: its defaults, or what its documentation has for speed."""
    import torch
    from torch.nn.utils.rnn import pad_sequence
    from transformers import Trainer, TrainerCallback, TrainingArguments

    from diagnose.train.batches import Batch
    from diagnose.train.data import PAD
    from diagnose.train.device import device_of, settled
    from diagnose.train.model import build

    device, args = device_of(spec), spec.args
    spec = settled(spec, torch.device("cpu"))
    clock = clock_of(device)

    class Adapter(torch.nn.Module):  # type: ignore[misc]  # torch is not followed
        """The same model under the names that the Trainer calls it by."""

        def __init__(self) -> None:
            super().__init__()
            self.net = build(spec, splits)

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor) -> Any:
            out = self.net(Batch(input_ids, labels, mask=attention_mask))
            return {"loss": out.loss, "logits": out.logits}

    class OnStep(TrainerCallback):  # type: ignore[misc]  # nor is transformers
        """Tells the clock."""

        def on_step_end(self, *_: Any, **__: Any) -> None:
            clock.step()

    def joined(rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        texts = [torch.as_tensor(row["input_ids"]) for row in rows]
        ids = pad_sequence(texts, batch_first=True, padding_value=PAD)
        mask = pad_sequence([torch.ones_like(text) for text in texts], batch_first=True)
        return {"input_ids": ids, "attention_mask": mask, "labels": torch.tensor([row["labels"] for row in rows])}

    rows = [{"input_ids": t, "labels": y} for t, y in zip(splits.train.tokens, splits.train.labels, strict=True)]
    gpu = device.type == "cuda"
    faster: dict[str, Any] = {
        "train_sampling_strategy": "group_by_length", "logging_strategy": "no", "disable_tqdm": True,
        "dataloader_pin_memory": gpu, "bf16": gpu, "tf32": gpu or None, "torch_compile": args.torch_compile,
        "optim": "adamw_torch_fused", "dataloader_num_workers": 2 if gpu else 0,
    }  # fmt: skip
    made = Trainer(
        Adapter(),
        TrainingArguments(
            spec.output, per_device_train_batch_size=at_once, num_train_epochs=args.num_train_epochs,
            gradient_accumulation_steps=args.per_device_train_batch_size // at_once, learning_rate=args.learning_rate,
            seed=args.seed, weight_decay=args.weight_decay, warmup_steps=args.warmup_ratio, report_to="none",
            use_cpu=not gpu, save_strategy="no",
            remove_unused_columns=False, **(faster if best else {}),
        ),
        data_collator=joined, train_dataset=rows, callbacks=[OnStep()],
    )  # fmt: skip
    made.train()
    return clock, score(made.model.net, spec, splits, device)


def score(net: Net, spec: Spec, splits: Splits, device: torch.device) -> float:
    """Return the macro F1 of the rows set apart."""
    from diagnose.train.batches import collate
    from diagnose.train.evaluation import evaluate

    def batch_of(examples: Examples, rows: list[int]) -> Any:
        return collate(examples, rows, spec).to(device)

    return evaluate(net.eval(), splits.eval, spec, batch_of).metrics["eval_macro_f1"]


def measure(way: str, shape_name: str, seed: int, device: str, *, compiled: bool) -> dict[str, float]:
    """Carry one way out in this process."""
    import torch

    torch.set_num_threads(1)
    shape = SHAPES[shape_name]
    args: dict[str, Any] = {"torch_compile": compiled and way in ("module-fast", "trainer-best")}
    if way == "module":
        args |= {"packing": "pad", "bf16": False}
    elif way == "module-fast" and device == "cpu":
        args["packing"] = "bucket"  # on a GPU it is what the module does of its own
    splits = texts_of(shape, seed)
    per_epoch = -(-len(splits.train) // shape.batch)
    with tempfile.TemporaryDirectory() as folder:
        spec = specification(shape, seed, device, folder, **args)

        def clock_of(place: torch.device) -> Clock:
            return Clock(place, per_epoch, per_epoch * shape.epochs)

        if way.startswith("trainer"):
            clock, f1 = trainer(spec, splits, clock_of, at_once=shape.at_once, best=way == "trainer-best")
        else:
            clock, f1 = (plain if way == "plain" else module)(spec, splits, clock_of)
    sizes = [len(text) for text in splits.train.tokens]
    usage = resource.getrusage(resource.RUSAGE_SELF)
    times = shape.epochs - 1
    weights = shape.layers * 12 * shape.hidden**2
    flops = 6 * weights * sum(sizes) + 12 * shape.layers * shape.hidden * sum(n * n for n in sizes)
    return {
        "seconds": clock.seconds, "cpu": clock.cpu, "warm_up": clock.warm_up, "rows": times * len(sizes),
        "tokens": times * sum(sizes), "flops": times * flops, "f1": f1, "process": usage.ru_utime + usage.ru_stime,
        "memory": usage.ru_maxrss / 1024,
    }  # fmt: skip


def peak(device: str) -> float:
    """Return the FLOP/s of a large matrix product: bf16 on a GPU, float32 on one thread of a CPU."""
    import torch

    torch.set_num_threads(1)
    gpu = device == "cuda"
    size, kind, times = (8192, torch.bfloat16, 50) if gpu else (1024, torch.float32, 10)
    a = torch.randn(size, size, device=device, dtype=kind)
    best = math.inf
    for _ in range(3):
        if gpu:
            torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(times):
            a @ a
        if gpu:
            torch.cuda.synchronize()
        best = min(best, (time.perf_counter() - start) / times)
    return 2 * size**3 / best


def table(shape: str, device: str, measured: dict[str, list[dict[str, float]]], flops: float) -> None:
    """Print the medians, and the ratios of each seed's neighbours."""
    clock = "cpu" if device == "cpu" else "seconds"  # a busy machine takes CPU time from nobody
    unit = "CPU s" if device == "cpu" else "s"
    print(f"\n{shape} on {device}: peak {flops / 1e9:,.0f} GFLOP/s")
    print(
        f"{'':14}{'rows/' + unit:>12}{'tokens/' + unit:>14}{'of peak':>9}{'warm-up s':>11}{'process CPU s':>15}"
        f"{'MB':>7}{'macro-F1 of each seed':>30}{'against best Trainer':>22}"
    )
    for way, runs in measured.items():
        rate = {name: statistics.median(run[name] / run[clock] for run in runs) for name in ("rows", "tokens", "flops")}
        middle = {name: statistics.median(run[name] for run in runs) for name in ("warm_up", "process", "memory")}
        others = measured.get("trainer-best", runs)
        ratios = [other[clock] / run[clock] for run, other in zip(runs, others, strict=True)]
        scores = " ".join(f"{run['f1']:.3f}" for run in runs)
        print(
            f"{way:14}{rate['rows']:>12,.0f}{rate['tokens']:>14,.0f}{rate['flops'] / flops:>9.1%}"
            f"{middle['warm_up']:>11.1f}{middle['process']:>15.1f}{middle['memory']:>7.0f}{scores:>30}"
            f"{statistics.median(ratios):>12.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        )


def main() -> int:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--shape", nargs="+", choices=SHAPES, help="default: small, medium; on a GPU base, large")
    parser.add_argument("--way", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--repeats", type=int, default=3, help="seeds")
    parser.add_argument("--compile", action="store_true", help="torch.compile in module-fast and trainer-best")
    parser.add_argument("--one", nargs=3, metavar=("WAY", "SHAPE", "SEED"), help="a single measurement, as JSON")
    given = parser.parse_args()
    if given.one:
        way, shape, seed = given.one
        print(json.dumps(measure(way, shape, int(seed), given.device, compiled=given.compile)))
        return 0
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}
    fixed = [sys.executable, __file__, "--device", given.device, *(["--compile"] if given.compile else [])]
    for shape in given.shape or (("small", "medium") if given.device == "cpu" else ("base", "large")):
        measured: dict[str, list[dict[str, float]]] = {way: [] for way in given.way}
        for seed in range(given.repeats):
            for way in given.way:
                one = [*fixed, "--one", way, shape, str(seed)]
                done = subprocess.run(one, env=environment, capture_output=True, text=True, check=False)
                if done.returncode:
                    sys.exit(f"{way}, {shape}: {done.stderr[-2000:]}")
                measured[way].append(json.loads(done.stdout.strip().splitlines()[-1]))
        table(shape, given.device, measured, peak(given.device))
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The callback on real runs of Keras, on its torch backend."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import torch

from diagnose.integrations.keras_callback import DiagnoseCallback

ROOT = Path(__file__).parents[2]
EPOCHS = 8


def data(seed, rows):
    """Three classes by the sum of two of eight numbers; the middle one has some 45 % of the rows."""
    draw = np.random.default_rng(seed)
    inputs = draw.normal(size=(rows, 8)).astype("float32")
    return inputs, np.digitize(inputs[:, 0] + inputs[:, 1], [-0.3, 1.2])


def fit(rate, *callbacks):
    torch.set_num_threads(1)
    keras.utils.set_random_seed(0)
    hidden = [keras.layers.Dense(16, activation="relu") for _ in range(3)]
    model = keras.Sequential([keras.Input((8,)), *hidden, keras.layers.Dropout(0.1), keras.layers.Dense(3, "softmax")])
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    kept = model.fit(
        *data(1, 320), validation_data=data(2, 300), epochs=EPOCHS, batch_size=32, verbose=0, callbacks=list(callbacks)
    )
    return kept.history, [weight.value.detach().numpy().copy() for weight in model.weights]


def report_of(folder):
    return json.loads((folder / "diagnose.json").read_text(encoding="utf-8"))


def test_the_callback_changes_no_loss_and_no_weight(tmp_path):
    """Dropout is on, so that a single random number more or less would show."""
    (plain, weights), (watched, same) = fit(1e-3), fit(1e-3, DiagnoseCallback(tmp_path, stop_on="error"))
    assert len(plain["loss"]) == EPOCHS
    assert plain == watched
    assert all(np.array_equal(one, other) for one, other in zip(weights, same, strict=True))
    (read,) = report_of(tmp_path)["reports"][0]["runs"]
    assert [row["epoch"] for row in read["evaluations"]] == list(range(1, EPOCHS + 1))
    assert read["evaluations"][0]["metrics"].keys() == {"accuracy", "loss"}
    assert {"accuracy", "loss", "grad_norm", "gradient_reach"} <= read["training"][0]["metrics"].keys()


def test_a_run_without_skill_is_stopped(tmp_path):
    """At a rate of 10 the first epoch kills every unit; the share of the largest class makes the accuracy telling."""
    share = float(np.bincount(data(2, 300)[1]).max() / 300)
    history, _ = fit(10.0, DiagnoseCallback(tmp_path, stop_on="error", assume=[f"majority_share={share:.6f}"]))
    assert 2 <= len(history["loss"]) < EPOCHS
    written = report_of(tmp_path)
    assert written["verdict"] == "degenerate"
    assert written["reports"][0]["findings"][0]["rule"] == "no-skill"


def test_a_process_that_is_not_the_first_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    fit(1e-3, DiagnoseCallback(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_without_keras_one_line_names_the_command():
    code = "import sys; sys.modules['keras'] = None; import diagnose.integrations.keras_callback"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    last = done.stderr.strip().splitlines()[-1]
    assert last.endswith("diagnose.integrations.keras_callback needs keras: pip install keras")

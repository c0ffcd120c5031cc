"""Model cards: front matter, headline, hyper-parameters and the table of training results."""

from __future__ import annotations

import pytest

from diagnose.readers import read_text
from diagnose.readers._yaml import Scalar, parse_yaml, text_of
from diagnose.readers.blocks import front_matter, headline, settings
from diagnose.readers.page import Page

CARD = """\
---
license: mit
base_model: acme/tiny-encoder
tags:
- generated_from_trainer
model-index:
- name: tiny-topics
  results:
  - task:
      name: Text Classification
      type: text-classification
    dataset:
      name: topics
      type: topics
      split: train
    metrics:
    - name: Accuracy
      type: accuracy
      value: 0.8749212345678901
    - name: F1
      type: f1
      value: .nan
---

# tiny-topics

This model is a fine-tuned version of [acme/tiny-encoder](https://example.org) on topics.
It achieves the following results on the evaluation set:
- Loss: 0.4102
- Accuracy: 0.8749

### Training hyperparameters

The following hyperparameters were used during training:
- learning_rate: 3e-05
- train_batch_size: 8
- optimizer: {'name': 'Adam', 'epsilon': 1e-08}
- num_epochs: 2

### Training results

| Training Loss | Epoch | Step | Validation Loss | Accuracy |
|:-------------:|:-----:|:----:|:---------------:|:--------:|
| No log        | 1.0   | 50   | 0.5210          | 0.8312   |
| 0.4471        | 2.0   | 100  | 0.4102          | 0.8749   |
"""


def page(text: str) -> Page:
    """Return a page of `text`."""
    return Page("card.md", text.splitlines())


def cells(records) -> list[dict[str, str]]:
    """Return each record's cells as a mapping."""
    return [{cell.key: cell.text for cell in record.cells} for record in records]


def test_a_generated_card_becomes_one_run_with_headline_history_and_settings():
    """The model-index, the headline and the best row agree; the headline keeps the digits of the model-index."""
    (run,) = read_text(CARD)
    assert (run.name, run.model, run.task_kind) == ("tiny-topics", "acme/tiny-encoder", "classification")
    assert run.setting("learning_rate") == 3e-05
    assert run.setting("num_train_epochs") == 2
    (series,) = run.series()
    assert series.headline is not None
    assert series.headline.metrics["accuracy"].text == "0.8749212345678901"
    assert series.headline.metrics["loss"].text == "0.4102"
    assert series.headline.metrics["f1"].is_nan
    assert [(row.step, row.epoch) for row in series.rows] == [(50, 1), (100, 2)]
    assert [row.metrics["loss"].text for row in series.rows] == ["0.5210", "0.4102"]
    assert [point.metrics["loss"].text for point in run.training if "loss" in point.metrics] == ["0.4471"]


def test_every_value_is_quoted_with_its_line():
    records = list(front_matter.extract(page(CARD)))
    assert [cell.at for cell in records[0].cells] == ["line 19", "line 22"]


def test_several_results_of_a_model_index_become_tasks_with_their_splits():
    text = """\
---
model-index:
- name: asr
  results:
  - dataset: {name: ignored flow style}
    metrics:
    - type: wer
      value: 12.5
  - dataset:
      name: Books
      split: test
    metrics:
      - name: Wer
        type: wer
        value: "14.25"
---
"""
    first, second = front_matter.extract(page(text))
    assert (first.task, second.task, second.split) == ("result_1", "result_2", "test")
    assert cells([first, second]) == [{"wer": "12.5"}, {"Wer": "14.25"}]


def test_a_card_without_results_yields_no_record_but_a_name():
    card = page("---\nmodel-index:\n- name: empty\n  results: []\n---\ntext")
    assert list(front_matter.extract(card)) == []
    assert card.name == "empty"
    assert card.claimed == [True] * 5 + [False]


@pytest.mark.parametrize("text", ["---", "---\nno end", "", "text\n---\na: 1\n---", "---\n---", "---\n- - -\n: :\n---"])
def test_front_matter_that_is_none_is_harmless(text):
    assert list(front_matter.extract(page(text))) == []


def test_yaml_keeps_texts_and_lines():
    tree = parse_yaml(["a: 'x: y'", "b:", "- 1.50  # half", "- c: 2", "  d:", "    - e", "f: |", "  two", "  lines"])
    assert isinstance(tree, dict)
    assert tree["a"] == Scalar("x: y", 0)
    assert tree["b"] == [Scalar("1.50", 2), {"c": Scalar("2", 3), "d": [Scalar("e", 5)]}]
    assert text_of(tree["f"]) == "two lines"


def test_yaml_survives_deep_nesting():
    lines = [" " * i + "a:" for i in range(300)]
    assert isinstance(parse_yaml(lines), dict)


def test_a_headline_names_its_split_and_keeps_its_epoch_apart():
    """An epoch in a headline says when it was taken; it does not make the headline a row of the history."""
    text = "The following metrics on the test set:\n\n* Train Loss: 1.5\n* Epoch: 4\n* F1 = {'f1': 0.5}\n\nEnd"
    metrics, place = headline.extract(page(text))
    assert metrics.split == "test"
    assert cells([metrics, place]) == [{"Train Loss": "1.5", "F1": "0.5"}, {"Epoch": "4"}]
    assert place.role == "config"


def test_hyper_parameters_written_in_several_ways():
    text = """\
The following hyperparameters were used:

    learning_rate=1e-5

    warmup_steps=500

## Parameters of the fit method
```
{
    "epochs": 10,
    "weight_decay": 0.01
}
```
## Gradient booster
- **n_jobs**: -1
- **learning_rate**: 0.2
- **metric**: accuracy
"""
    found = cells(settings.extract(page(text)))
    assert {"learning_rate": "1e-5", "warmup_steps": "500"} in found
    assert {"epochs": "10", "weight_decay": "0.01"} in found
    assert {"n_jobs": "-1", "learning_rate": "0.2", "metric": "accuracy"} in found


def test_metrics_among_settings_stay_open():
    card = page("## Configuration\n- batch_size: 8\n- loss: mse\n- accuracy: 0.91")
    assert cells(settings.extract(card)) == [{"batch_size": "8", "loss": "mse"}]
    assert [i for i, _ in card.open_lines()] == [0, 3]


def test_the_learning_rate_inside_an_optimizer():
    (record,) = settings.extract(page("## Hyperparameters\n- optimizer: {'name': 'Adam', 'learning_rate': 2e-05}"))
    assert cells([record])[0]["learning_rate"] == "2e-05"

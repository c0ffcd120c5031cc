"""A user's own files and checkpoint: each kind of file and task, and one line for each thing that is wrong."""

from __future__ import annotations

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pa = pytest.importorskip("pyarrow")

import pyarrow.parquet  # noqa: E402  # torch may be missing
from tokenizers import Tokenizer, models, pre_tokenizers, processors  # noqa: E402
from transformers import (  # noqa: E402
    AutoModel,
    BertConfig,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    ViTConfig,
)

from diagnose.train.__main__ import main  # noqa: E402
from diagnose.train.batches import collate  # noqa: E402
from diagnose.train.data import load  # noqa: E402
from diagnose.train.spec import Args, Data, Model, Spec  # noqa: E402

WORDS = ["good", "bad", "film", "plot", "the", "Paris", "Rome", "in", "was"]
SIZE = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}


def tokenizer():
    """Return one that cuts at spaces; numbers 0 to 3 as RoBERTa has them."""
    vocabulary = {word: i for i, word in enumerate(["<s>", "<pad>", "</s>", "<unk>", *WORDS])}
    made = Tokenizer(models.WordLevel(vocabulary, "<unk>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    special = dict(zip(("cls_token", "pad_token", "eos_token", "unk_token"), vocabulary, strict=False))
    return PreTrainedTokenizerFast(tokenizer_object=made, **special)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """Return folders of untrained checkpoints of several kinds."""
    folder = tmp_path_factory.mktemp("checkpoints")
    roberta = RobertaConfig(vocab_size=16, max_position_embeddings=24, pad_token_id=1, **SIZE)
    models = {
        "roberta": AutoModel.from_config(roberta),
        "bert": AutoModel.from_config(BertConfig(vocab_size=16, max_position_embeddings=24, **SIZE)),
        "gpt2": GPT2LMHeadModel(GPT2Config(vocab_size=16, n_positions=24, n_embd=16, n_layer=1, n_head=2)),
        "vit": AutoModel.from_config(ViTConfig(image_size=8, patch_size=4, **SIZE)),
    }
    for name, model in models.items():
        model.save_pretrained(folder / name)
        tokenizer().save_pretrained(folder / name)
    return folder


def rows_of(task, count=40):
    """Return rows of a task, with an even number of good and bad ones."""
    rows = []
    for i in range(count):
        text = f"the {'good' if i % 2 else 'bad'} film was {'good ' * (i % 3)}"
        label = {
            "classification": "yes" if i % 2 else "no", "regression": i / 10, "multilabel": ["a", "b"][: i % 3],
            "retrieval": f"film {i % 2}",
        }.get(task)  # fmt: skip
        rows.append({"text": text, "label": label})
    if task == "tagging":
        rows = [
            {"text": ["in", ["Paris", "Rome"][i % 2], "was"], "label": ["O", ["B-P", "B-R"][i % 2], "O"]}
            for i in range(count)
        ]
    return [{"text": row["text"]} for row in rows] if task == "lm" else rows


def write(path, rows):
    """Write rows as the kind of file that the name tells."""
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif path.suffix == ".csv":
        lines = [",".join(f'"{value}"' for value in row.values()) for row in rows]
        path.write_text("\n".join([",".join(rows[0]), *lines]) + "\n")
    elif path.suffix == ".parquet":
        pyarrow.parquet.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.mkdir(parents=True)
        table = pa.Table.from_pylist(rows)
        shard = str(path / "data-00000-of-00001.arrow")
        with pa.OSFile(shard, "wb") as file, pa.ipc.new_stream(file, table.schema) as out:
            out.write_table(table)
    return str(path)


def spec_of(tmp_path, rows, name="rows.jsonl", task="classification", checkpoint=None, **data):
    train = write(tmp_path / name, rows) if isinstance(rows, list) else str(rows)
    return Spec(
        output=str(tmp_path / "run"), task=task, data=Data(train=train, **data),
        model=Model(checkpoint=checkpoint and str(checkpoint)), args=Args(max_steps=2), device="cpu",
    )  # fmt: skip


def ended(spec, tmp_path, capsys):
    """Return the status of a run, and its only line."""
    (tmp_path / "spec.json").write_text(spec.model_dump_json())
    status = main([str(tmp_path / "spec.json")])
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    return status, out


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.parquet", "saved"])
def test_every_kind_of_file_gives_the_same_examples(tmp_path, checkpoints, name):
    given = load(spec_of(tmp_path, rows_of("classification"), name, checkpoint=checkpoints / "roberta"))
    known = load(spec_of(tmp_path, rows_of("classification"), "known.jsonl", checkpoint=checkpoints / "roberta"))
    assert given.names == ("no", "yes")
    assert given.train.labels == known.train.labels
    assert all(map(np.array_equal, given.train.tokens, known.train.tokens))
    assert (len(given.train), len(given.eval)) == (32, 8)
    assert sorted(given.eval.labels) == [0] * 4 + [1] * 4  # of each class a fifth
    assert given.train.tokens[0].tolist()[:3] == [0, 8, 5]  # <s> the bad, of the first row


@pytest.mark.parametrize("checkpoint", [None, "roberta"])
@pytest.mark.parametrize("task", ["classification", "regression", "multilabel", "tagging", "retrieval", "lm"])
def test_every_task_is_trained_on_a_file(tmp_path, checkpoints, capsys, task, checkpoint):
    kind = "gpt2" if checkpoint and task == "lm" else checkpoint
    spec = spec_of(tmp_path, rows_of(task), task=task, checkpoint=kind and checkpoints / kind)
    if task == "lm" and not kind:
        spec = spec.model_copy(update={"model": Model(type="llama")})
    assert ended(spec, tmp_path, capsys) == (0, f"done {tmp_path / 'run'}\n")
    results = json.loads((tmp_path / "run" / "all_results.json").read_text())
    assert (results["train_samples"], results["eval_samples"]) == (32, 8)


def test_a_tag_goes_to_the_first_token_of_its_word(tmp_path, checkpoints):
    splits = load(spec_of(tmp_path, rows_of("tagging"), task="tagging", checkpoint=checkpoints / "roberta"))
    assert splits.names == ("O", "B-P", "B-R")
    assert splits.train.labels[0] == [-100, 0, 1, 0, -100]


def test_labels_of_several_may_be_joined_or_zeros_and_ones(tmp_path):
    listed = load(spec_of(tmp_path, rows_of("multilabel"), "a.jsonl", task="multilabel"))
    rows = rows_of("multilabel")
    joined = [{**row, "label": ";".join(row["label"])} for row in rows]
    places = [{**row, "label": [int(name in row["label"]) for name in "ab"]} for row in rows]
    for name, other in (("b.csv", joined), ("c.jsonl", places)):
        assert load(spec_of(tmp_path, other, name, task="multilabel")).train.labels == listed.train.labels


def test_names_of_a_dataset_and_its_own_evaluation_split_are_taken(tmp_path):
    rows = [{"text": f"word {i}", "label": i % 2} for i in range(20)]
    for split, count in (("train", 20), ("test", 6)):
        write(tmp_path / "saved" / split, rows[:count])
        features = {"text": {"_type": "Value"}, "label": {"_type": "ClassLabel", "names": ["neg", "pos"]}}
        (tmp_path / "saved" / split / "dataset_info.json").write_text(json.dumps({"features": features}))
        (tmp_path / "saved" / split / "cache-1.arrow").write_bytes(b"not of the data")
    (tmp_path / "saved" / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    splits = load(spec_of(tmp_path, tmp_path / "saved", eval=str(tmp_path / "saved")))
    assert splits.names == ("neg", "pos")
    assert (len(splits.train), len(splits.eval)) == (20, 6)


def test_rows_without_a_label_are_left_out_and_texts_are_cut_to_the_model(tmp_path, checkpoints):
    rows = [*rows_of("classification"), {"text": "x", "label": None}, {"text": "x", "label": float("nan")}]
    rows += [{"text": "x", "label": ""}, {"text": " ", "label": "yes"}, {"text": "x", "label": "NaN"}]
    rows[0]["text"] = "good " * 400
    splits = load(spec_of(tmp_path, rows, checkpoint=checkpoints / "roberta"))
    assert len(splits.train) + len(splits.eval) == 40
    assert max(map(len, splits.train.tokens)) == 22  # 24 positions, the first two of which RoBERTa does not use


def test_a_batch_of_a_checkpoint_that_pads_with_another_number_is_the_same_alone(tmp_path, checkpoints):
    from diagnose.train.model import build

    spec = spec_of(tmp_path, rows_of("classification"), checkpoint=checkpoints / "bert")
    spec = spec.model_copy(update={"args": Args(packing="pad")})
    splits = load(spec)
    net = build(spec, splits).eval()
    with torch.no_grad():
        together = net(collate(splits.train, list(range(8)), spec)).logits
        alone = torch.cat([net(collate(splits.train, [i], spec)).logits for i in range(8)])
    assert torch.allclose(together, alone, atol=1e-5)


WRONG = {
    "one class": ([{"text": "a", "label": 1}] * 9, {}, "one class only (1); there is nothing to learn"),
    "empty": ("", {}, "empty: it has no rows"),
    "no column": (rows_of("classification"), {"label": "target"}, "no column 'target'; it has text, label"),
    "no labels": ([{"text": "a", "label": None}] * 9, {}, "no row with text and label"),
    "not JSON": ('{"text": "a", "label": 1}\n{"text', {}, "line 2 is not JSON"),
    "too few": ([{"text": "a", "label": "x"}, {"text": "b", "label": "y"}], {}, "2 rows are too few"),
    "not UTF-8": (b"text,label\n\xff\xfe", {}, "not UTF-8 at byte 11"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_file_is_one_line(tmp_path, capsys, name):
    content, data, words = WRONG[name]
    path = tmp_path / "given.jsonl"
    if isinstance(content, list):
        write(path, content)
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    status, line = ended(spec_of(tmp_path, path, **data), tmp_path, capsys)
    assert status == 1
    assert words in line
    assert str(path) in line


def test_labels_that_a_task_cannot_learn_are_one_line(tmp_path, capsys):
    words = rows_of("classification")
    status, line = ended(spec_of(tmp_path, words, task="regression"), tmp_path, capsys)
    assert (status, "the label 'no' is no finite number" in line) == (1, True)
    constant = [{**row, "label": 5} for row in words]
    status, line = ended(spec_of(tmp_path, constant, task="regression"), tmp_path, capsys)
    assert (status, "every label is 5; there is nothing to learn" in line) == (1, True)
    uneven = [{"text": "a b", "label": "O"}] * 9
    status, line = ended(spec_of(tmp_path, uneven, task="tagging"), tmp_path, capsys)
    assert (status, "row 1 has 2 tokens and 1 tags" in line) == (1, True)


def test_a_class_that_the_training_rows_do_not_have_is_named(tmp_path, capsys):
    other = write(tmp_path / "eval.jsonl", [{"text": "a", "label": "maybe"}])
    status, line = ended(spec_of(tmp_path, rows_of("classification"), eval=other), tmp_path, capsys)
    assert status == 1
    assert f"{other}: classes that the training rows do not have: maybe" in line


def test_a_checkpoint_that_cannot_be_read_is_one_line(tmp_path, checkpoints, capsys):
    import shutil

    rows = rows_of("classification")
    (tmp_path / "empty").mkdir()
    shutil.copytree(checkpoints / "roberta", tmp_path / "cut")
    weights = tmp_path / "cut" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:2000])
    shutil.copytree(checkpoints / "roberta", tmp_path / "other")
    shutil.copy(checkpoints / "vit" / "model.safetensors", tmp_path / "other" / "model.safetensors")
    shutil.copytree(checkpoints / "roberta", tmp_path / "mute", ignore=shutil.ignore_patterns("tokenizer*"))
    wrong = {
        tmp_path / "nothing": "no such folder",
        tmp_path / "empty": "a folder without config.json is no checkpoint",
        tmp_path / "cut": "its model cannot be read",
        tmp_path / "other": "15 of 23 tensors are not in them",
        tmp_path / "mute": "its tokenizer has no words; its files are missing",
        "somebody/unknown-model": "HF_HUB_OFFLINE",
        checkpoints / "vit": "a checkpoint of the kind vit; classification needs an encoder of text",
        checkpoints / "gpt2": "a checkpoint of the kind gpt2; classification needs an encoder of text",
    }
    for checkpoint, words in wrong.items():
        status, line = ended(spec_of(tmp_path, rows, checkpoint=checkpoint), tmp_path, capsys)
        assert status == 1
        assert words in line
    status, line = ended(spec_of(tmp_path, rows_of("lm"), task="lm", checkpoint=checkpoints / "bert"), tmp_path, capsys)
    assert "lm needs a causal language model" in line

"""Files, folders, pipes and pastes: encodings, limits, and inputs that cannot be read."""

from __future__ import annotations

import io
import json
import os
import stat
import threading

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from diagnose.errors import UnreadableInputError
from diagnose.readers import _files, read, read_text, readers
from diagnose.readers.encoding import clean, decode, encoding_of

LINES = "eval_loss = 0.5\neval_accuracy = 0.75\n"


def only_metrics(source, **options):
    (run,) = read(str(source), **options)
    return {name: value.text for name, value in run.evaluations[0].metrics.items()}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
def test_the_encoding_is_found(tmp_path, encoding):
    path = tmp_path / "results.txt"
    path.write_bytes(("café\n" + LINES).encode(encoding))
    assert only_metrics(path) == {"loss": "0.5", "accuracy": "0.75"}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_every_line_end_counts_once(end):
    (run,) = read_text(LINES.replace("\n", end))
    assert run.evaluations[0].metrics["accuracy"].at == "line 2"


@pytest.mark.parametrize(
    "line", ["précision élevée", "3 ± 0.1 → ok", "naïve – 0.5 ≈ ½", "мера: 0.5", "精度 0.9", "“Größe”"]
)
def test_sound_text_stays(line):
    assert clean(line) == line


@given(st.text(alphabet="abc é→✅🔎’ß0.", min_size=1))
def test_mac_roman_mojibake_is_repaired(text):
    assume(clean(text) == text)  # a few sound texts are UTF-8 in Mac Roman too
    assert clean(text.encode().decode("mac_roman")) == text


def test_windows_mojibake_is_repaired():
    assert clean("La prÃ©cision est de 0.5 â€“ mÃªme plus") == "La précision est de 0.5 – même plus"


def test_terminal_noise_goes():
    text = "\x1b[1;31maccuracy\x1b[0m: \u200b0.5\u202e\ufeff\x07\n 10%|█  | 1/10\r100%|██| 10/10\rloss: \u22120.25\n"
    assert clean(text) == "accuracy: 0.5\nloss: -0.25\n"


def test_a_stray_byte_leaves_the_rest_utf8():
    data = ("│ loss ━━ 0.5 →\n" * 3).encode() + b"\xff\n"
    assert encoding_of(data) == "utf-8"
    assert decode(data, "utf-8").startswith("│ loss")


@pytest.mark.parametrize(
    "data", [b"\x89PNG\r\n\x1a\n", b"PK\x03\x04aaaa", b"\0\1\2\3" * 50, bytes(range(1, 32)) * 9, b"%PDF-1.7"]
)
def test_binary_is_no_text(data):
    assert encoding_of(data) is None


def test_a_zero_byte_here_and_there_is_what_a_crash_leaves_in_a_log(tmp_path):
    path = tmp_path / "train.log"
    path.write_bytes("epoch 1 │ eval_accuracy: 0.75\n\0".encode() * 40)
    assert encoding_of(path.read_bytes()) == "utf-8"
    assert read(str(path))[0].evaluations
    assert encoding_of(b"accuracy 0.5\0\xff\xfe\n" * 40) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("accuracz\by: 0.5\n", "accuracy: 0.5\n"),
        ("cat   \b\b\b  0.5\n", "cat  0.5\n"),
        ("H\bHE\bE\n", "H\nHE\n"),
        ("1/9 [=>..] - loss: 2.0" + 22 * "\b" + "9/9 [====] - loss: 1.0\n", "9/9 [====] - loss: 1.0\n"),
    ],
)
def test_backspaces_mend_what_was_typed_and_draw_bars_again(text, shown):
    assert clean(text) == shown


@pytest.mark.parametrize("data", [b"", b"  \n\t\n", b"\xef\xbb\xbf"])
def test_empty(tmp_path, data):
    path = tmp_path / "metrics.json"
    path.write_bytes(data)
    with pytest.raises(UnreadableInputError, match=r"empty|no metric"):
        read(str(path))


def test_binary(tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(os.urandom(5000) + b"\0" * 100)
    with pytest.raises(UnreadableInputError, match="binary"):
        read(str(path))


def test_a_near_name_is_suggested(tmp_path):
    (tmp_path / "eval_results.json").write_text("{}")
    with pytest.raises(UnreadableInputError, match=r"did you mean 'eval_results.json'"):
        read(str(tmp_path / "eval_result.json"))


@pytest.mark.parametrize("name", ["no/such/folder/x.json", "a" * 5000, "nul\0byte"])
def test_no_such_file(name):
    with pytest.raises(UnreadableInputError):
        read(name)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path):
    path = tmp_path / "metrics.json"
    path.write_text("{}")
    path.chmod(0)
    with pytest.raises(UnreadableInputError, match="permission"):
        read(str(path))


def test_permission_is_told_from_absence(tmp_path, monkeypatch):
    def deny(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "metrics.json").write_text("{}")
    monkeypatch.setattr(_files.os, "stat", deny)
    with pytest.raises(UnreadableInputError, match="no permission"):
        _files.load_file(str(tmp_path / "metrics.json"))


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="no such device")  # noqa: PTH110  # a device, not a path of ours
def test_an_endless_device_does_not_hang():
    with pytest.raises(UnreadableInputError, match="not a regular file"):
        read("/dev/zero")


def test_json_that_breaks_off(tmp_path):
    path = tmp_path / "metrics.json"
    path.write_text('{"eval_loss": 0.5,\n "eval_accuracy": 0.7')
    with pytest.raises(UnreadableInputError, match="breaks off at line 2"):
        read(str(path))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.yaml", "model:\n  hidden_size: 768\n  dropout: 0.1\nlearning_rate: 0.001\n"),
        ("README.md", "# My project\n\nInstall version 1.2.3 with pip. It needs 16.5 GB.\n"),
        (
            "dvc.lock",
            "schema: '2.0'\nstages:\n  train:\n    cmd: python t.py\n    deps:\n    - path: a\n      size: 123\n",
        ),
        ("class_names.json", '["cat", "dog"]'),
        ("tokenizer_config.json", '{"model_max_length": 512, "do_lower_case": true}'),
    ],
)
def test_what_holds_no_metric(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(UnreadableInputError, match="no metric found"):
        read(str(path))


@pytest.mark.parametrize("stream", [io.BytesIO(LINES.encode()), io.StringIO(LINES)])
def test_standard_input(stream):
    assert only_metrics("-", stdin=stream) == {"loss": "0.5", "accuracy": "0.75"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=(LINES,))
    writer.start()
    assert only_metrics(path) == {"loss": "0.5", "accuracy": "0.75"}
    writer.join()


def test_a_long_pipe_is_read_at_both_ends(monkeypatch):
    monkeypatch.setattr(_files, "END", 200)
    monkeypatch.setattr(_files, "_CHUNK", 100)
    text = "learning_rate: 0.5\n" + "nothing of note happens here\n" * 200 + LINES
    (run,) = read("-", stdin=io.BytesIO(text.encode()))
    assert run.evaluations[0].metrics["accuracy"].at == "line 203"
    assert any("left out" in item.reason for item in run.unread)


def test_an_endless_pipe_is_given_up(monkeypatch):
    class Endless(io.RawIOBase):
        def read(self, size=-1):
            return b"accuracy: 0.5\n" * (max(size, 14) // 14)

    monkeypatch.setattr(_files, "LONGEST_STREAM", 1 << 22)
    monkeypatch.setattr(_files, "END", 1 << 10)
    monkeypatch.setattr(_files, "_CHUNK", 1 << 10)
    assert read("-", stdin=Endless())


def test_both_ends_with_true_line_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(_files, "END", 300)
    path = tmp_path / "train.log"
    path.write_text("seed: 42\n" + "nothing of note happens here\n" * 500 + LINES)
    (run,) = read(str(path))
    assert run.evaluations[0].metrics["loss"].at == "line 502"
    (left_out,) = [item for item in run.unread if "left out" in item.reason]
    first, last = (int(word.replace(",", "")) for word in left_out.text.split()[1:4:2])
    assert 1 < first < last < 502


def test_json_beyond_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(_files, "END", 100)
    monkeypatch.setattr(_files, "LARGEST_JSON", 1000)
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps({f"metric_{n}": n for n in range(500)}, indent=1))
    with pytest.raises(UnreadableInputError, match="JSON of more than"):
        read(str(path))


def test_large_json_below_the_limit_is_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(_files, "END", 100)
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps({"note": "x" * 5000, "accuracy": 0.5}))
    assert only_metrics(path) == {"accuracy": "0.5"}


def write(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / name.replace("__", ".")).write_text(text)


def test_the_files_of_one_run(tmp_path):
    write(
        tmp_path,
        all_results__json={"eval_loss": 0.5, "eval_accuracy": 0.75, "train_loss": 0.4, "epoch": 2.0},
        eval_results__json={"eval_loss": 0.5, "eval_accuracy": 0.75, "epoch": 2.0},
        trainer_state__json={
            "log_history": [
                {"eval_loss": 0.6, "eval_accuracy": 0.7, "epoch": 1.0, "step": 10},
                {"eval_loss": 0.5, "eval_accuracy": 0.75, "epoch": 2.0, "step": 20},
            ]
        },
        README__md="# Card\n\n- Loss: 0.5\n- Accuracy: 0.75\n",
        config__json={"hidden_size": 768},
        tokenizer__json={"version": "1.0"},
    )
    (tmp_path / ".hidden_results.json").write_text('{"eval_loss": 9.0}')
    (tmp_path / "model.safetensors").write_bytes(b"\0" * 100)
    (run,) = read(str(tmp_path))
    (series,) = [s for s in run.series() if s.split == "eval"]
    assert series.headline is not None
    assert [row.step for row in series.rows] == [10, 20]
    assert {value.source for value in series.headline.metrics.values()} <= set(run.sources)
    assert {os.path.basename(s) for s in run.sources} == {  # noqa: PTH119  # sources are strings
        "README.md",
        "all_results.json",
        "eval_results.json",
        "trainer_state.json",
    }


def test_sub_folders_are_runs(tmp_path):
    write(tmp_path / "a", eval_results__json={"eval_f1": 0.5})
    write(tmp_path / "b", eval_results__json={"eval_f1": 0.6})
    runs = read(str(tmp_path))
    assert [(run.name, run.evaluations[0].metrics["f1"].text) for run in runs] == [("a", "0.5"), ("b", "0.6")]


def test_folders_that_only_sort_files_are_not_runs(tmp_path):
    write(tmp_path / "train", train_results__json={"train_loss": 0.5})
    write(tmp_path / "eval", eval_results__json={"eval_f1": 0.6})
    (run,) = read(str(tmp_path))
    assert {e.split for e in run.evaluations} == {"train", "eval"}


def test_files_that_contradict_each_other_are_runs(tmp_path):
    write(tmp_path, small_results__json={"accuracy": 0.5}, large_results__json={"accuracy": 0.6})
    assert len(read(str(tmp_path))) == 2


def test_checkpoints_belong_to_the_run_above(tmp_path):
    for step in (100, 1000, 500):
        history = [{"eval_loss": 1 / s, "step": s} for s in (100, 500, 1000) if s <= step]
        write(tmp_path / f"checkpoint-{step}", trainer_state__json={"log_history": history})
        write(tmp_path / f"checkpoint-{step}", eval_results__txt=f"mcc = 0.{step}\n")
    (run,) = read(str(tmp_path))
    steps = {e.step: sorted(e.metrics) for e in run.evaluations}
    assert steps == {100: ["loss", "mcc"], 500: ["loss", "mcc"], 1000: ["loss", "mcc"]}
    assert sum("later checkpoint" in item.reason for item in run.unread) == 2


def test_a_file_that_cannot_be_read_is_listed(tmp_path):
    write(tmp_path, eval_results__json={"eval_f1": 0.5}, test_results__json='{"test_f1": 0.')
    (run,) = read(str(tmp_path))
    assert [os.path.basename(item.source) for item in run.unread] == ["test_results.json"]  # noqa: PTH119  # as above


def test_a_folder_without_metrics(tmp_path):
    write(tmp_path, config__json={"hidden_size": 768}, notes__txt="nothing here")
    with pytest.raises(UnreadableInputError, match="without metrics"):
        read(str(tmp_path))


def test_one_name_twice_is_told_apart(tmp_path):
    for name in ("x/model", "y/model"):
        write(tmp_path / name, eval_results__json={"eval_f1": 0.5})
    names = [run.name for run in read(str(tmp_path))]
    assert len(set(names)) == 2


def test_an_unreadable_sub_folder_is_passed_over(tmp_path):
    write(tmp_path, eval_results__json={"eval_f1": 0.5})
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0)
    assert read(str(tmp_path))
    locked.chmod(stat.S_IRWXU)


def test_every_reader_has_both_functions():
    assert {reader.__name__.rpartition(".")[2] for reader in readers()} >= {"text", "json_results", "trainer_state"}
    assert all(callable(reader.sniff) and callable(reader.read) for reader in readers())

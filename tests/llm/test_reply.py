"""A chat's reply held against a report: the pasted answer, laws of numbers and negations, other replies."""

from __future__ import annotations

import json
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.api import check_text, diagnose
from diagnose.llm.pack import make_pack
from diagnose.llm.reply import Mark, check_reply
from diagnose.llm.reply.numbers import ascii_digits, figures_in
from diagnose.llm.reply.sentences import sentences_of
from diagnose.llm.reply.words import lexicon

ROOT = Path(__file__).parents[2]
SEED = ROOT.parent / "shared" / "seeds" / "pasted-chat-answer.txt"
RULES = sorted(path.stem for path in (ROOT / "rules").glob("*/*.toml"))

COLLAPSED = {"eval_accuracy": 0.6125, "eval_precision": 0.0306, "eval_recall": 0.05, "eval_f1": 0.038, "eval_loss": 2.9}
HEALTHY = {"eval_mse": 0.28740123, "eval_mae": 0.41287, "eval_r2": 0.8739125, "eval_samples": 1500}
SCORES = {
    "eval_accuracy": 0.8217,
    "eval_macro_f1": 0.7431,
    "eval_auc": 0.9012,
    "eval_loss": 0.4391,
    "eval_samples": 2400,
}
EPOCHS = [(0.78, 0.512), (0.842, 0.421), (0.861, 0.4012), (0.83, 0.6), (0.81, 0.81), (0.786, 1.0214)]
SUPPORTED, UNSUPPORTED, CONTRADICTED, NO_CLAIM = Mark


@cache
def report_of(name):
    """Return one of the reports that the tests speak about."""
    if name == "history":
        log = [
            {"step": 100 * i, "epoch": float(i), "eval_accuracy": accuracy, "eval_loss": loss}
            for i, (accuracy, loss) in enumerate(EPOCHS, 1)
        ]
        train = [{"step": 100 * i, "epoch": float(i), "loss": 0.7 / i**2} for i in range(1, len(EPOCHS) + 1)]
        return check_text(json.dumps({"log_history": [*log, *train]}), name="trainer_state.json")
    if name == "table":
        return diagnose(next((ROOT / "fixtures" / "classes" / "healthy-report").glob("*.json")))
    if name == "positives":
        return diagnose(ROOT / "fixtures" / "classification" / "rare-positives-card" / "README.md")
    return check_text(json.dumps({"collapsed": COLLAPSED, "healthy": HEALTHY, "scores": SCORES}[name]), name="m.json")


def marks(name, text):
    """Return the marks of all sentences of a reply."""
    return [checked.mark for checked in check_reply(report_of(name), text)]


def mark(name, text):
    """Return the mark of a single sentence."""
    (found,) = marks(name, text)
    return found


@pytest.mark.skipif(not SEED.is_file(), reason="the documents lie beside the project, not in it")
def test_the_pasted_answer_is_marked_as_it_was_worked_out_by_hand():
    checked = check_reply(diagnose(SEED), SEED.read_text(encoding="utf-8"))

    def of(words):
        return {item.mark for item in checked if words in item.sentence.lower()}

    assert of("the positive class") == {CONTRADICTED}
    assert of("almost none were correct") == {CONTRADICTED}
    assert of("predict the majority class") == {SUPPORTED}
    assert of("being averaged") == {SUPPORTED}
    assert of("(accuracy 56%)") == {UNSUPPORTED}
    assert of("slightly better than chance") == {UNSUPPORTED}
    assert of("eval_recall: 0.00195") == {SUPPORTED}
    assert of("train for more epochs") == {SUPPORTED}
    assert of("do you want me to suggest") == {NO_CLAIM}
    assert all(item.reason.endswith(".") for item in checked)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The accuracy is 0.8217.", SUPPORTED),
        ("Accuracy: 82.2 %", SUPPORTED),
        ("An accuracy of .82 was reached.", SUPPORTED),
        ("The accuracy is about 82%.", SUPPORTED),
        ("The accuracy is ٠.٨٢١٧.", SUPPORTED),
        ("The loss is 4.391e-1.", SUPPORTED),
        ("The macro F1 is 0.7431, and the AUC is 0.901.", SUPPORTED),
        ("Accuracy and AUC are 0.82 and 0.90, respectively.", SUPPORTED),
        ("0.8217 accuracy, 0.7431 macro F1.", SUPPORTED),
        ("2,400 rows were evaluated.", SUPPORTED),
        ("The accuracy is between 0.8 and 0.85.", SUPPORTED),
        ("The accuracy is above 0.8.", SUPPORTED),
        ("The accuracy is not 0.9.", SUPPORTED),
        ("The AUC is higher than the accuracy.", SUPPORTED),
        ("The accuracy is 0.83.", CONTRADICTED),
        ("The accuracy is 8.217.", CONTRADICTED),
        ("The accuracy is -0.8217.", CONTRADICTED),
        ("The accuracy is 0.7431.", CONTRADICTED),
        ("Accuracy and AUC are 0.90 and 0.82, respectively.", CONTRADICTED),
        ("The accuracy is two thirds.", CONTRADICTED),
        ("The accuracy is NaN.", CONTRADICTED),
        ("The accuracy is above 0.9.", CONTRADICTED),
        ("The AUC is lower than the accuracy.", CONTRADICTED),
        ("2,500 rows were evaluated.", CONTRADICTED),
        ("The recall is 0.8217.", UNSUPPORTED),
        ("It has 0.8217.", UNSUPPORTED),
        ("Usually 3 to 5 epochs are needed.", UNSUPPORTED),
    ],
)
def test_a_number_stands_at_its_metric_or_not_at_all(sentence, expected):
    assert mark("scores", sentence) is expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The accuracy at step 300 is 0.861.", SUPPORTED),
        ("At step 100, the loss was 0.512.", SUPPORTED),
        ("The accuracy peaked at epoch 3.", SUPPORTED),
        ("The best accuracy, 0.861, is that of step 300.", SUPPORTED),
        ("The accuracy rose from 0.78 to 0.861.", SUPPORTED),
        ("The eval loss increased from 0.512 to 1.02.", SUPPORTED),
        ("The eval loss increases steadily after epoch 3.", SUPPORTED),
        ("The accuracy never exceeded 0.9.", SUPPORTED),
        ("The model overfits.", SUPPORTED),
        ("The accuracy at step 300 is 0.842.", CONTRADICTED),
        ("The accuracy peaked at epoch 5.", CONTRADICTED),
        ("The accuracy improved steadily.", CONTRADICTED),
        ("The accuracy fell from 0.78 to 0.861.", CONTRADICTED),
        ("The eval loss decreased.", CONTRADICTED),
        ("There is no sign of overfitting.", CONTRADICTED),
        ("The F1 improved steadily.", UNSUPPORTED),
        ("Over time everything improved.", UNSUPPORTED),
    ],
)
def test_a_course_is_held_against_the_history(sentence, expected):
    assert mark("history", sentence) is expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The model predicts one class for nearly all rows.", SUPPORTED),
        ("It has collapsed to the majority class.", SUPPORTED),
        ("Precision, recall and F1 are near zero.", SUPPORTED),
        ("The result is degenerate.", SUPPORTED),
        ("The model does not collapse to a single class.", CONTRADICTED),
        ("The result is healthy.", CONTRADICTED),
        ("This is a good model.", CONTRADICTED),
        ("I would sign this off.", CONTRADICTED),
        ("It is production ready.", CONTRADICTED),
        ("Lower the learning rate and add a warm-up.", SUPPORTED),
        ("Try other seeds.", SUPPORTED),
        ("Weight the classes.", SUPPORTED),
        ("Raise the learning rate.", SUPPORTED),
        ("Train for more epochs.", SUPPORTED),
        ("Delete the evaluation set.", UNSUPPORTED),
        ("Lower the learning rate and delete the evaluation set.", UNSUPPORTED),
        ("The tokenizer was swapped.", UNSUPPORTED),
        ("The accuracy is 0.6125 because the tokenizer was swapped.", UNSUPPORTED),
        ("The learning rate is too high for this model.", UNSUPPORTED),
        ("The model overfits.", UNSUPPORTED),
    ],
)
def test_a_diagnosis_and_advice_are_held_against_the_findings(sentence, expected):
    assert mark("collapsed", sentence) is expected


def test_what_a_rule_says_is_of_no_use_is_contradicted():
    report = diagnose(ROOT / "fixtures" / "training" / "overfitting")
    assert [checked.mark for checked in check_reply(report, "Train for more epochs.")] == [CONTRADICTED]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The verdict is healthy.", SUPPORTED),
        ("The model is better than always predicting the mean.", SUPPORTED),
        ("It is worse than the mean baseline.", CONTRADICTED),
        ("R² is negative.", CONTRADICTED),
        ("The run failed.", CONTRADICTED),
        ("Ship it.", UNSUPPORTED),
        ("This looks great.", UNSUPPORTED),
    ],
)
def test_a_healthy_result_is_not_praised_either(sentence, expected):
    assert mark("healthy", sentence) is expected


SOFT = """You have nothing to fear from these numbers.
It holds up.
The numbers speak for themselves.
Consider the job done.
All of the metrics are where they should be.
The report confirms that the model is usable.
The model has what it takes.
The result can be taken at face value.
The labels are noisy.
The batch size is the reason.
The number of classes is wrong.
It was trained on another dataset.
The verdict is based on the loss.
The report has no questions.
The finding is a note.
Set the threshold to 0.3.
Use the model of step 100.
It gets better all the time.
Each epoch helped.
The model has more to give.
The gap between the metrics is closing.
It is only suggested.
Only the loss counts.""".splitlines()


@pytest.mark.parametrize("sentence", SOFT)
def test_soft_words_are_no_hole(sentence):
    for name in ("collapsed", "scores", "history", "healthy", "positives", "table"):
        assert not {SUPPORTED, NO_CLAIM} & set(marks(name, sentence))


@pytest.mark.parametrize(
    "text",
    [
        "## Results",
        "Sure, let's break down these metrics:",
        "Do you want me to go on?",
        "Is the dataset imbalanced?",
        "**Next steps**",
        "In summary:",
        "Here is what the numbers say:",
    ],
)
def test_headings_greetings_questions_and_lead_ins_claim_nothing(text):
    assert set(marks("collapsed", text)) == {NO_CLAIM}


@pytest.mark.parametrize(
    "text",
    ["# The tokenizer was swapped", "## All good", "### Accuracy improved steadily", "**This is production ready**",
     "Great results:", "Isn't this a great result?", "The accuracy is 0.99, right?", "Nothing to see here."],
)  # fmt: skip
def test_a_claim_in_the_dress_of_a_heading_or_a_question_is_one(text):
    assert not {SUPPORTED, NO_CLAIM} & set(marks("collapsed", text))


@pytest.mark.parametrize(
    "tail",
    ["see https://example.org", "see www.example.org", "<b>x</b>", "\x1b[31mred", "\u202e", "re\u200bcall", "\x07",
     "$(rm -rf /)", "run `pip install x`", "<script>"],
)  # fmt: skip
def test_what_must_not_be_shown_is_never_supported(tail):
    (checked,) = check_reply(report_of("scores"), f"The accuracy is 0.8217 {tail}")
    assert checked.mark is UNSUPPORTED
    assert checked.sentence.isprintable()


def test_every_statement_of_the_pack_supports_itself_and_its_negation_does_not():
    for name in ("collapsed", "history", "scores", "positives"):
        for statement in make_pack(report_of(name)).of_kind("F"):
            title = statement.of.title
            assert mark(name, f"{title}.") is SUPPORTED
            assert mark(name, f"{title} [{statement.id}].") is SUPPORTED
            assert mark(name, f"It is not true that {title[0].lower()}{title[1:]}.") is CONTRADICTED


def test_citations_are_checked_too():
    pack = make_pack(report_of("scores"))
    own = next(s.id for s in pack.of_kind("V") if s.metric == "accuracy")
    assert mark("scores", f"The accuracy is 0.8217 [{own}].") is SUPPORTED
    other = next(s.id for s in pack.of_kind("V") if s.metric == "auc")
    assert mark("scores", f"The accuracy is 0.8217 [{other}].") is UNSUPPORTED
    assert mark("scores", "The accuracy is 0.8217 [V99].") is CONTRADICTED
    assert mark("scores", f"The accuracy is 0.9 [{own}].") is CONTRADICTED


def test_a_class_of_a_table_has_its_own_numbers():
    assert mark("table", "billing has a recall of 0.949.") is SUPPORTED
    assert mark("table", "The precision of billing is 0.86.") is CONTRADICTED
    assert marks("table", "### billing\n- precision: 0.938\n- recall: 0.86") == [NO_CLAIM, SUPPORTED, CONTRADICTED]


def test_the_positive_class_may_be_spoken_of_where_there_is_one():
    assert mark("positives", "The F1 of the positive class is 0.80.") is SUPPORTED
    assert mark("positives", "About 1.3% of the rows are positive.") is SUPPORTED
    assert mark("positives", "The accuracy is misleading.") is SUPPORTED


def test_a_bullet_is_about_the_metric_above_it():
    text = "* **eval_recall: 0.05**\n  Extremely low.\n* **eval_accuracy: 0.6125**\n  Extremely low."
    assert marks("collapsed", text) == [SUPPORTED, SUPPORTED, SUPPORTED, CONTRADICTED]


def test_tables_fences_thoughts_and_broken_encoding_are_read():
    text = "<think>the accuracy is 0.1</think>\n```markdown\n| Metric | Value |\n|---|---|\n| accuracy | 0.6125 |\n```"
    assert marks("collapsed", text) == [SUPPORTED]
    table = "| Epoch | Accuracy |\n|---|---|\n| 1 | 0.78 |\n| 2 | 0.99 |"
    assert marks("history", table) == [SUPPORTED, CONTRADICTED]
    broken = "The accuracy is 0.6125 – as printed ✓".encode().decode("mac_roman")
    assert marks("collapsed", broken) == [SUPPORTED]
    assert marks("collapsed", "```python\nmodel.train()\n```") == [UNSUPPORTED]


def test_what_is_too_long_to_be_looked_at_is_said_to_be():
    for text in (
        "The accuracy is 0.6125. " * 2000,
        "\n" * 5000 + "All is well.",
        "The accuracy " + "very " * 400 + "is 0.6",
    ):
        last = check_reply(report_of("collapsed"), text)[-1]
        assert last.mark is UNSUPPORTED
        assert "longer than" in last.reason


def test_a_but_sets_two_claims_against_each_other():
    assert marks("collapsed", "The accuracy is 0.6125, but the recall is 0.9.") == [SUPPORTED, CONTRADICTED]


def test_the_lines_of_the_sentences_are_those_of_the_reply():
    text = "# A\n\n<think>\nx\n</think>\nOne is here. Two is\nhere. Three is.\n\n- four\n"
    assert [(s.text, s.line) for s in sentences_of(text)] == [
        ("A", 1), ("One is here.", 6), ("Two is here.", 6), ("Three is.", 7), ("four", 9),
    ]  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_can_be_recognised(rule):
    assert any(rule in topic.get("rules", ()) for topic in lexicon()["topic"])


def test_the_words_against_an_advice_stand_in_the_rules():
    for advice in lexicon()["advice"]:
        for rule, words in advice.get("against", {}).items():
            (path,) = (ROOT / "rules").glob(f"*/{rule}.toml")
            text = " ".join(path.read_text(encoding="utf-8").lower().split())
            assert words in text


@given(st.fractions(min_value=0, max_value=1, max_denominator=10**6), st.integers(1, 6))
@settings(deadline=None, max_examples=60)
def test_a_rounded_number_and_its_percent_hold_the_number(number, digits):
    for text in (f"{float(number):.{digits}f}", f"{float(100 * number):.{digits}f} %"):
        (figure,) = figures_in(f"accuracy {text}")
        assert figure.widened().low <= number <= figure.widened().high


@given(st.integers(0, 10**6))
@settings(deadline=None, max_examples=60)
def test_a_count_is_read_with_and_without_commas(number):
    assert [f.number for f in figures_in(f"{number} and {number:,} rows")] == [number, number]


@pytest.mark.parametrize(
    ("text", "number"),
    [("two thirds", Fraction(2, 3)), ("a half", Fraction(1, 2)), ("1/3", Fraction(1, 3)), ("twelve", Fraction(12)),
     ("one hundred and five", Fraction(105)), ("zero point six one", Fraction(61, 100)), ("2e-3", Fraction(2, 1000)),
     ("1.5k", Fraction(1500)), ("٠.٥", Fraction(1, 2)), ("½", Fraction(1, 2)), ("ten percent", Fraction(1, 10))],
)  # fmt: skip
def test_numbers_in_letters_and_fractions_are_numbers(text, number):
    (figure,) = figures_in(ascii_digits(text))
    assert abs(Fraction(figure.number) - number) < Fraction(1, 10**9)


@given(st.text(max_size=300))
@settings(deadline=None, max_examples=60)
def test_no_text_is_too_odd(text):
    for checked in check_reply(report_of("scores"), text):
        assert checked.sentence.isprintable()
        assert checked.reason.endswith(".")


@given(st.floats(0.001, 0.999), st.floats(0.001, 0.999))
@settings(deadline=None, max_examples=40)
def test_a_number_is_supported_exactly_where_it_prints_so(told, true):
    report = check_text(json.dumps({"eval_accuracy": true, "eval_f1": 0.5}), name="m.json")
    (checked,) = check_reply(report, f"The accuracy is {told:.3f}.")
    near = abs(told - true)
    if near > 0.0021:
        assert checked.mark is CONTRADICTED
    (again,) = check_reply(report, f"The accuracy is {true:.3f}.")
    assert again.mark is SUPPORTED


def test_an_answer_in_the_form_of_explain_is_checked_by_its_claims():
    pack = make_pack(report_of("collapsed"))
    finding, action = pack.of_kind("F")[0].id, pack.of_kind("A")[0].id
    tree = {
        "verdict": "degenerate",
        "findings": [{"finding": finding, "evidence": []}],
        "steps": [{"action": action, "finding": finding}],
        **{name: [] for name in ("facts", "relations", "causes", "questions")},
    }
    checked = check_reply(report_of("collapsed"), json.dumps(tree))
    assert [item.statements for item in checked if item.mark is SUPPORTED] == [(finding,), (action,)]
    flipped = check_reply(report_of("collapsed"), json.dumps({**tree, "verdict": "healthy"}))
    assert CONTRADICTED in {item.mark for item in flipped}

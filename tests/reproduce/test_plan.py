"""From a report to an experiment: what is known of the run goes into the miniature, and how it differs is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose import check_text, diagnose
from diagnose.api import chosen_rules
from diagnose.errors import UsageError
from diagnose.reproduce.faults import faults, get, patched, with_values
from diagnose.reproduce.plan import make_plan

FIXTURES = Path(__file__).parents[2] / "fixtures"


def test_a_collapsed_classifier_is_rebuilt_with_its_classes_and_shares():
    plan = make_plan(diagnose(FIXTURES / "classification" / "constant-under-macro-averages" / "paste.txt"))
    assert plan.finding.rule == "majority-class-collapse"
    assert plan.task == "classification"
    assert plan.sound["data"]["classes"] == 8
    assert plan.sound["data"]["shares"][0] == pytest.approx(0.564, abs=0.001)
    assert sum(plan.sound["data"]["shares"]) == pytest.approx(1)
    assert any("yours: about 51" in difference for difference in plan.differences)
    name, first = plan.hypotheses[0][0].name, plan.hypotheses[0][1]
    assert name == "as-reported"
    assert first["args"]["num_train_epochs"] == 1


def test_a_constant_regression_is_a_regression_with_the_settings_of_its_card():
    plan = make_plan(diagnose(FIXTURES / "regression" / "wandering-constant-card"))
    assert plan.task == "regression"
    rate = plan.hypotheses[0][1]["args"]["learning_rate"]
    assert rate == pytest.approx(2e-3 * 4e-5 / 1e-5) or rate == pytest.approx(2e-3 * 4e-5 / 2e-5)


@pytest.mark.parametrize("fixture", ["classification/healthy-binary", "evaluation/impossible-scores"])
def test_where_no_training_makes_it_there_is_nothing_to_reproduce(fixture):
    with pytest.raises(UsageError, match="nothing to reproduce"):
        make_plan(diagnose(FIXTURES / fixture))


def test_two_classes_and_an_accuracy_alone():
    report = check_text("accuracy 0.758, macro precision 0.379, macro recall 0.5, macro f1 0.4312")
    plan = make_plan(report)
    assert plan.sound["data"]["classes"] == 2
    assert plan.sound["data"]["shares"] == pytest.approx([0.758, 0.242], abs=0.001)


def test_every_fault_that_a_rule_names_exists_and_its_patch_can_be_made():
    named = {name for rule in chosen_rules() for remedy in rule.remedies for name in remedy.undoes}
    assert named <= faults().keys()
    for fault in faults().values():
        made = patched(with_values({"task": fault.task[0]}, fault.needs), fault.change)
        assert made is not None
        assert made != with_values({"task": fault.task[0]}, fault.needs)


def test_a_patch_multiplies_what_stands_or_the_sound_value():
    assert get(patched({}, {"args.learning_rate": {"multiply": 0.25}}), "args.learning_rate") == pytest.approx(5e-4)
    twice = patched({"args": {"learning_rate": 0.1}}, {"args.learning_rate": {"multiply": 0.25}}, times=2)
    assert get(twice, "args.learning_rate") == pytest.approx(0.1 / 16)
    assert patched({}, {"args.num_train_epochs": {"at": "best_step"}}) is None
    assert patched({}, {"args.weight_decay": {"multiply": 2}}) is None


def test_a_patch_leaves_the_specification_as_it_was():
    spec = {"args": {"learning_rate": 0.1}}
    patched(spec, {"args.learning_rate": {"set": 1.0}})
    assert spec == {"args": {"learning_rate": 0.1}}

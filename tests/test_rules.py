"""Every rule: its file is valid, its cases hold, and each of its conditions is needed by some case."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.assets import asset_dir
from diagnose.engine.judge import judge
from diagnose.engine.rules import BECAUSE, flat_facts, load_rules, parse_rule
from diagnose.errors import RuleError, UsageError
from diagnose.types import Fact, Facts, Proof, Run, Scope, Severity

RULES = load_rules()
CONTRACT = Path(__file__).parents[2] / "shared" / "contract.md"
MINIMAL = """
title = "t"
severity = "warning"
when = ["accuracy < limit"]
message = "accuracy is {accuracy}"
why = "w"
false_alarms = ["f"]
sources = ["s"]
[params.limit]
value = 0.5
why = "w"
[[remedy]]
title = "r"
why = "w"
[[case]]
name = "low"
facts = { accuracy = 0.4 }
expect = "fires"
[[case]]
name = "high"
facts = { accuracy = 0.6 }
expect = "silent"
[[case]]
name = "absent"
facts = {}
expect = "unknown"
"""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_cases_of_a_rule_hold(rule):
    for case in rule.case:
        assert rule.outcome(flat_facts(case.facts)) == case.expect, case.name


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_shows_each_of_the_three_outcomes(rule):
    assert {case.expect for case in rule.case} == {"fires", "silent", "unknown"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_case_notices_when_a_condition_is_replaced_by_true(rule):
    for i, text in enumerate(rule.when):
        assert rule.killed_by(i), text


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_speaks_in_full(rule):
    """A name in kebab case, and reasons that a person can weigh."""
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name)
    assert len(rule.why.split()) >= 12
    assert all(len(text.split()) >= 4 for text in rule.false_alarms)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_cause_is_a_clause_that_names_one_fault(rule):
    """It stands after words such as "probably" and "either ... or": no capital, no full stop, no possibility."""
    causes = [remedy.cause for remedy in rule.remedies if remedy.cause]
    assert len(set(causes)) == len(causes)
    assert all(re.match(r"(float16|[a-z]+)\b.*[a-z0-9\"]$", cause) for cause in causes), causes
    assert not re.search(r"\b(may|might|could|perhaps|probably|possibly)\b", " ".join(causes))


def test_every_error_says_what_may_have_caused_it():
    silent = [
        rule.name for rule in RULES if rule.severity is Severity.ERROR and not any(r.cause for r in rule.remedies)
    ]
    assert not silent


def spoken(rule, case):
    """Return the message of a case that fires, from the facts that its finding rests on."""
    values = {**rule.param_values, **flat_facts(case.facts)}
    basis = frozenset().union(*(condition.basis(values, lambda _: 0) for condition in rule.conditions))
    shown = {name: value for name, value in values.items() if name in basis or name in rule.params}
    return rule.render(shown | {f"{BECAUSE}{name}": f"<{name}>" for name in basis & values.keys()})


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_has_a_message_for_each_case_that_fires_and_a_case_for_each_message(rule):
    """No case is left to the title, which names no figure, and no message stands in the file for nothing."""
    messages = [spoken(rule, case) for case in rule.case if case.expect == "fires"]
    assert rule.title not in messages
    literals = [re.split(r"\{[^}]*\}", template) for template in rule.message]
    for parts in literals:
        assert any(all(part in message for part in parts) for message in messages), parts


def test_a_finding_rests_on_the_part_of_an_or_that_holds():
    rule = rule_of('["accuracy < 0.5 or recall < 0.5", "not known(f1) or f1 > 0.1"]')
    facts = facts_of(fact("accuracy", 0.1, split="eval"), fact("recall", 0.9, Proof.SUGGESTED, split="eval"))
    (finding,) = judge([rule], facts).findings
    assert [f.name for f in finding.facts] == ["accuracy"]
    assert finding.proof is Proof.PROVED


@pytest.mark.parametrize(
    ("value", "message"), [("accuracy", "recall is low"), ("recall", "recall is <recall>"), ("f1", "t")]
)
def test_the_first_message_is_said_whose_names_are_part_of_what_holds(value, message):
    """A name that is unknown, or that stands in a part of an "or" that fails, is never printed."""
    text = MINIMAL.replace("accuracy < limit", "accuracy < limit or recall < limit or f1 < limit")
    said = '["recall is {because.recall}", "{accuracy:.0%} right: recall is low"]'
    rule = parse_rule(text.replace('"accuracy is {accuracy}"', said), "mine", "mine")
    low = {**rule.param_values, value: 0.1}
    names = rule.conditions[0].basis(low, lambda _: 0)
    rendered = rule.render({name: low[name] for name in names & low.keys()} | {f"because.{n}": f"<{n}>" for n in names})
    assert rendered.removeprefix("10% right: ") == message


def test_a_message_of_a_stranger_s_rule_may_quote_only_what_its_conditions_use():
    with pytest.raises(RuleError, match="which no condition uses"):
        parse_rule(MINIMAL.replace("{accuracy}", "{because.recall}"), "mine", "mine.toml")


@pytest.mark.skipif(not CONTRACT.exists(), reason="the contract lies beside the project, not in it")
def test_every_rule_name_of_the_contract_has_the_contract_severity():
    text = CONTRACT.read_text(encoding="utf-8").partition("## Rules")[2].partition("## Verdicts")[0]
    severities = {rule.name: rule.severity.value for rule in RULES}
    for line in text.splitlines():
        severity = line.partition(":")[0]
        if severity in ("error", "warning", "note"):
            named = set(re.findall(r"`([a-z0-9-]+)`", line)) & severities.keys()
            assert {name: severities[name] for name in named} == dict.fromkeys(named, severity)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("accuracy < limit", "acuracy < limit", "did you mean 'accuracy'"),
        ("accuracy < limit", "accuracy < limti", "did you mean 'limit'"),
        ("accuracy < limit", "accuracy <", "not an expression"),
        ("accuracy < limit", "accuracy < 0.5", "no condition uses the parameter"),
        ("{accuracy}", "{recall}", "which no condition uses"),
        ("facts = { accuracy = 0.4 }", "facts = { acuracy = 0.4 }", "did you mean 'accuracy'"),
        ('severity = "warning"', 'severity = "fatal"', "severity"),
        ('title = "t"', 'titel = "t"', "did you mean 'title'"),
        ('why = "w"\nfalse', "false", "why"),
        ('title = "t"', 'title = "t', "not valid TOML"),
        ('title = "t"', 'name = "x"', "its file's name is its name"),
        ('title = "r"', 'title = "r"\ncauses = "c"', "did you mean 'cause'"),
        ('title = "r"', 'title = "r"\ncause = ""', "remedy.0.cause"),
    ],
)
def test_a_wrong_rule_file_is_refused_with_its_place_and_reason(old, new, message):
    assert old in MINIMAL
    with pytest.raises(RuleError, match=re.escape(message)) as error:
        parse_rule(MINIMAL.replace(old, new), "mine", "mine.toml")
    assert "mine.toml" in str(error.value)


def test_a_folder_of_the_user_adds_and_replaces_rules(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "mine.toml").write_text(MINIMAL)
    (tmp_path / f"{RULES[0].name}.toml").write_text(MINIMAL)
    loaded = {rule.name: rule for rule in load_rules([tmp_path])}
    assert loaded["mine"].title == "t"
    assert loaded[RULES[0].name].title == "t"
    assert len(loaded) == len(RULES) + 1


def test_a_folder_without_rules_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="no rule"):
        load_rules([tmp_path])


def test_a_rule_that_names_an_unknown_cause_is_refused(tmp_path):
    (tmp_path / "mine.toml").write_text('consequence_of = ["majority-class-colapse"]\n' + MINIMAL)
    with pytest.raises(RuleError, match="consequence_of"):
        load_rules([tmp_path])


def test_no_rule_file_is_left_out():
    assert len(RULES) == len(list(asset_dir("rules").rglob("*.toml")))


def facts_of(*facts):
    collection = Facts(Run(name="r"))
    for fact in facts:
        collection.add(fact)
    return collection


def fact(name, value, proof=Proof.PROVED, **scope):
    assumes = ("averaging=macro",) if proof is Proof.PROVED_IF else ()
    return Fact(name, value, Scope("r", **scope), proof, "because", assumes=assumes)


def rule_of(when, name="mine", extra=""):
    text = MINIMAL.replace('["accuracy < limit"]', when).replace("{accuracy}", "such")
    text = text.partition("[params.limit]")[0] + extra + "[[remedy]]" + text.partition("[[remedy]]")[2]
    return parse_rule(text, name, name)


def test_a_finding_has_the_weakest_proof_of_its_facts():
    rule = rule_of('["accuracy < 0.5 and recall < 0.5"]')
    for weak in Proof:
        facts = facts_of(fact("accuracy", 0.1, split="eval"), fact("recall", 0.1, weak, split="eval"))
        (finding,) = judge([rule], facts).findings
        assert finding.proof is weak


def test_a_rule_is_judged_once_for_each_narrowest_scope_and_sees_outer_facts():
    rule = rule_of('["accuracy < 0.5", "learning_rate > 0.1"]')
    facts = facts_of(
        fact("accuracy", 0.1, task="a", split="eval"),
        fact("accuracy", 0.9, task="b", split="eval"),
        fact("accuracy", 0.2, task="c", split="eval"),
        fact("learning_rate", 1.0),
    )
    assert [f.scope.task for f in judge([rule], facts).findings] == ["a", "c"]


def test_a_rule_on_rows_gives_one_finding_that_names_the_rows():
    rule = rule_of('["accuracy < 0.5"]', extra="rows = true\n")
    facts = facts_of(*(fact("accuracy", step / 10, split="eval", step=float(step)) for step in range(1, 8)))
    (finding,) = judge([rule], facts).findings
    assert finding.steps == (1.0, 2.0, 3.0, 4.0)
    assert finding.scope.step is None


def test_what_a_rule_lacked_is_listed_and_absent_is_not_false():
    rule = rule_of('["accuracy < 0.5", "recall < 0.5"]')
    judgement = judge([rule], facts_of(fact("accuracy", 0.1, split="eval")))
    assert judgement.findings == ()
    assert [(n.rule, n.needs) for n in judgement.not_checked] == [("mine", ("recall",))]


def test_consequences_are_listed_under_the_root_and_not_raised_beside_it():
    root = rule_of('["accuracy < 0.5"]', "root")
    middle = rule_of('["recall < 0.5"]', "middle", 'consequence_of = ["root"]\n')
    leaf = rule_of('["precision < 0.5"]', "leaf", 'consequence_of = ["middle"]\n')
    facts = facts_of(*(fact(name, 0.1, split="eval") for name in ("accuracy", "recall", "precision")))
    (finding,) = judge([leaf, middle, root], facts).findings
    assert finding.rule == "root"
    assert set(finding.consequences) == {"middle", "leaf"}


def test_a_consequence_in_another_task_stays_a_finding():
    root = rule_of('["accuracy < 0.5"]', "root")
    leaf = rule_of('["recall < 0.5"]', "leaf", 'consequence_of = ["root"]\n')
    facts = facts_of(fact("accuracy", 0.1, task="a", split="eval"), fact("recall", 0.1, task="b", split="eval"))
    assert {f.rule for f in judge([leaf, root], facts).findings} == {"root", "leaf"}


def test_an_overall_result_says_nothing_about_a_task_beside_it():
    rule = rule_of('["accuracy < 0.5", "recall < 0.5"]')
    facts = facts_of(fact("accuracy", 0.1, split="eval"), fact("recall", 0.1, task="a", split="eval"))
    assert judge([rule], facts).findings == ()


def test_a_remedy_that_names_a_fact_gets_its_value():
    text = MINIMAL.replace(
        'title = "r"', 'title = "r"\nchange = { max_steps = { fact = "best_step" }, seed = { set = 1 } }'
    )
    rule = parse_rule(text, "mine", "mine")
    facts = facts_of(fact("accuracy", 0.1, split="eval"), fact("best_step", 300, split="eval"))
    (finding,) = judge([rule], facts).findings
    assert finding.remedies[0].change == {"max_steps": {"set": 300}, "seed": {"set": 1}}
    (without,) = judge([rule], facts_of(fact("accuracy", 0.1, split="eval"))).findings
    assert without.remedies[0].change == {"seed": {"set": 1}}


REMEDIES = """
[[remedy]]
title = "no condition"
why = "w"
[[remedy]]
title = "fails"
why = "w"
when = "recall > limit"
[[remedy]]
title = "unknown"
why = "w"
when = "f1 > limit"
[[remedy]]
title = "holds"
why = "w"
when = "precision > limit"
"""


def test_remedies_whose_condition_holds_come_first_and_those_whose_condition_fails_last():
    """A condition sees the facts of the finding's place and the rule's parameters; what is unknown moves nothing."""
    head, _, rest = MINIMAL.partition("[[remedy]]")
    rule = parse_rule(head + REMEDIES + rest[rest.index("[[case]]") :], "mine", "mine")
    values = {"accuracy": 0.1, "recall": 0.2, "precision": 0.9}
    facts = facts_of(*(fact(name, number, split="eval") for name, number in values.items()))
    (finding,) = judge([rule], facts).findings
    assert [remedy.title for remedy in finding.remedies] == ["holds", "no condition", "unknown", "fails"]
    assert [f.name for f in finding.facts] == ["accuracy"]


def test_a_condition_of_a_remedy_names_facts_that_exist():
    text = MINIMAL.replace('title = "r"', 'title = "r"\nwhen = "recal > limit"')
    with pytest.raises(RuleError, match="did you mean 'recall'"):
        parse_rule(text, "mine", "mine.toml")


def test_a_factor_of_a_remedy_is_that_of_a_fact_where_it_is_known():
    patch = 'title = "r"\nchange = { learning_rate = { multiply = 0.25, factor = "learning_path.cut" } }'
    rule = parse_rule(MINIMAL.replace('title = "r"', patch), "mine", "mine")
    low = fact("accuracy", 0.1, split="eval")
    (known,) = judge([rule], facts_of(low, fact("learning_path.cut", 0.01))).findings
    assert known.remedies[0].change == {"learning_rate": {"multiply": 0.01}}
    (unknown,) = judge([rule], facts_of(low)).findings
    assert unknown.remedies[0].change == {"learning_rate": {"multiply": 0.25}}


def test_an_error_outside_the_evaluations_still_counts():
    rule = parse_rule(MINIMAL.replace('"warning"', '"error"'), "mine", "mine")
    (verdict,) = judge([rule], facts_of(fact("accuracy", 0.1, split="train"))).verdicts
    assert (verdict.scope.split, verdict.verdict) == ("train", "degenerate")


def test_rules_that_name_each_other_keep_one_finding():
    one = rule_of('["accuracy < 0.5"]', "one", 'consequence_of = ["two"]\n')
    two = rule_of('["recall < 0.5"]', "two", 'consequence_of = ["one"]\n')
    facts = facts_of(fact("accuracy", 0.1, split="eval"), fact("recall", 0.1, split="eval"))
    findings = judge([one, two], facts).findings
    assert [(f.rule, f.consequences) for f in findings] == [("one", ("two",))]


def test_errors_come_before_warnings():
    warning = rule_of('["accuracy < 0.5"]', "a-warning")
    error = parse_rule(MINIMAL.replace('"warning"', '"error"').replace("accuracy", "recall"), "b-error", "b")
    facts = facts_of(fact("accuracy", 0.1, split="eval"), fact("recall", 0.1, split="eval"))
    assert [f.rule for f in judge([warning, error], facts).findings] == ["b-error", "a-warning"]


@given(st.data())
def test_what_is_visible_from_a_scope_is_what_covers_it(data):
    """The index by outer scopes and the relation `covers` are two words for one thing."""
    part = st.sampled_from([None, "x", "y"])
    scopes = st.builds(Scope, st.just("r"), part, part, st.sampled_from([None, 1.0, 2.0]), part)
    inner, other = data.draw(scopes), data.draw(scopes)
    assert other.covers(inner) == (other in inner.outer())

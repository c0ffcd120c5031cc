"""The evidence pack: everything that may be said of a report has a number, and belongs to what it is about."""

from __future__ import annotations

from hypothesis import given
from made_reports import bare_report, full_report, unreadable_report
from odd_reports import fuzzed, read

from diagnose.api import check_text
from diagnose.llm.pack import Kind, make_pack
from diagnose.types import Finding, Proof, Remedy, Scope, Severity, Verdict


def test_statements_are_numbered_by_kind_and_found_by_number():
    pack = make_pack(full_report())
    for kind in (Kind.VERDICT, Kind.FINDING, Kind.VALUE, Kind.FACT, Kind.ACTION, Kind.QUESTION):
        numbers = [statement.id for statement in pack.of_kind(kind)]
        assert numbers == [f"{kind}{i}" for i in range(1, len(numbers) + 1)]
        assert numbers
        assert all(pack[number].kind == kind for number in numbers)


def test_what_a_finding_rests_on_is_in_the_pack():
    pack = make_pack(full_report())
    for statement in pack.of_kind(Kind.FINDING):
        assert statement.about
        assert all(number in pack for number in statement.about)


def test_an_action_belongs_to_the_finding_that_offers_it():
    pack = make_pack(full_report())
    first = pack.of_kind(Kind.FINDING)[0]
    offered = [statement.of for statement in pack.belonging(first.id, Kind.ACTION)]
    assert offered == list(first.of.remedies)


def _with_cause(cause):
    remedy = Remedy("Lower the rate", "long steps collapse. Always.", cause=cause)
    found = Finding(
        "diverged", Severity.ERROR, Proof.PROVED, "It diverged", "it went", "Why.", Scope("r"), remedies=(remedy,)
    )
    return make_pack(bare_report(Verdict.DEGENERATE, findings=(found,)))


def test_a_cause_is_what_a_remedy_says_that_it_would_cure_with_its_reason():
    (cause,) = _with_cause("the rate is too high").of_kind(Kind.CAUSE)
    assert cause.text == "the rate is too high: long steps collapse"
    assert cause.about == ("F1",)
    assert cause.proof == ""


def test_a_remedy_without_a_cause_makes_none():
    assert _with_cause("").of_kind(Kind.CAUSE) == ()


def test_the_objects_of_a_report_are_found_again():
    report = full_report()
    pack = make_pack(report)
    assert pack.numbers_of(report.findings) == ("F1", "F2")
    assert pack.numbers_of([report.findings[0], report.findings[0], object()]) == ("F1",)


def test_the_verdict_is_the_reports_and_unknown_where_there_is_none():
    assert make_pack(full_report()).verdict is Verdict.DEGENERATE
    assert make_pack(unreadable_report()).verdict is Verdict.UNKNOWN


def test_a_value_has_the_interval_that_it_can_be():
    pack = make_pack(check_text('{"eval_accuracy": "0.56"}'))
    value = next(statement for statement in pack.of_kind(Kind.VALUE) if statement.metric == "accuracy")
    assert 0.5649 in value.interval


@fuzzed
@given(read)
def test_every_statement_of_a_strangers_report_is_one_printable_line(report):
    for statement in make_pack(report).statements.values():
        assert (statement.text + statement.place + statement.proof + statement.metric).isprintable()

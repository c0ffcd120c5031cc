"""Faithful and unfaithful sentences about a report, for the benchmark of the reply checker.

paraphrases(report, rng, templates) -> Said(text, kind, ...)      sentences that are true of the report
mutants(said, rng) -> (kind, text)                                the same with one thing wrong
"""

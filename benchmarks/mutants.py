"""List every rule with its mutants: each condition replaced by true, and whether a case of the rule notices.

python benchmarks/mutants.py
"""

from __future__ import annotations

from diagnose.engine.rules import load_rules


def main() -> None:
    """Print a line a rule, and the sum."""
    killed = total = 0
    for rule in load_rules():
        dead = sum(bool(rule.killed_by(i)) for i in range(len(rule.when)))
        killed, total = killed + dead, total + len(rule.when)
        figures = f"{dead} of {len(rule.when)} mutants killed by {len(rule.case)} cases"
        print(f"{rule.severity.value:8} {rule.name:30} {figures}")
    print(f"{len(load_rules())} rules: {killed} of {total} mutants killed")


if __name__ == "__main__":
    main()

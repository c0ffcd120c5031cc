"""The rule engine: the condition language, the rule files, and the judgement."""

"""A free reply held against a Report, sentence by sentence.

    reply --sentences--> Sentence --claims--> Claim ... --judging--> Checked

A sentence is supported only where everything that it says is: its numbers are the report's, at the metric that it
names; its diagnoses are findings or facts; and no word is left over that could say something else. What is in no list
here is unsupported, so that an invented cause or a vague word of praise never passes.
"""

from __future__ import annotations

from diagnose.llm.reply.claims import Mark
from diagnose.llm.reply.judging import Checked, check_reply

__all__ = ["Checked", "Mark", "check_reply"]

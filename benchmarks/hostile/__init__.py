"""A language model's server that does everything wrong, and the judge of what becomes of it.

- server: a loopback server, each of whose models behaves in a way of its own
- transport: ways of not answering: silence, drips, refusals, broken and endless streams
- lies: wrong answers in the right form, and a few faithful ones
- shown: what of an explanation is not the program's own
- naive: the same question asked as most programs ask it
"""

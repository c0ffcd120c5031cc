r"""A conversation about a run's numbers: text in, answers out; no terminal and no web page.

    message --split--> paste ------> api.check --> Report (the state)
                  \--> question --> intents --> replies (from the Report) --> Answer
                                        \--> a language model, where one is configured, for what no intent answers

A `Session` holds the state; terminals and web pages show its `Answer`s.
"""

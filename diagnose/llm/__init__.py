"""Words about a Report: the written explanation, what a language model may add to it, and the check of any reply.

    Report --pack--> Pack --+-- writer ------------------------------------> Explanation
                            +-- client --> answer (checked, mended) --> ---/

A pack holds every statement that may be made, numbered and already in words. The deterministic writer chooses among
them, and so does a language model: it names statements, and the program writes them. It cannot write a number, and it
never touches the verdict, the findings or the exit status.
"""

"""Remedies that were tried: a Report becomes an experiment, the training module runs it, its files are judged.

    Report --plan--> arms x seeds --runner--> folders of metric files --outcome--> what failed, what cured it

The training module is a program of its own: a specification in JSON goes in, the files of the Trainer come out.
"""

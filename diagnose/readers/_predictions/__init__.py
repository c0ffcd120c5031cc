"""Predictions beside labels: which column is which, what task they are of, and the metrics that follow from them.

numpy and scikit-learn are imported inside the functions that need them, so that only predictions pay for them.
"""

"""Verdicts: rules, conditions, envelopes, autonomy, and the reasons for each."""

"""Measurement: metrics of score tables, intervals, protocols, speed, and the results file they end in."""

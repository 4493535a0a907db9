"""Benchmarks: figures as ratios against a floor or a peer of the same run, with checks that can fail."""

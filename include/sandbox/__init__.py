"""A simulated world with known truth: shops on Kaspi, a warehouse, a buyer, a mailbox.

Nothing outside this package imports it, and it imports nothing of the pipeline: what it says must be
a second opinion.
"""

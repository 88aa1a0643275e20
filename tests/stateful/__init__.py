"""A machine that plays against the addon: people, workers, clouds and a bureau in histories drawn at random.

Loaded by ``run.py`` in a process of its own, as the top-level package ``stateful``.
"""

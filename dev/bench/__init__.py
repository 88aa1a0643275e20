"""`make bench`: how long 100,000 and 1,000,000 received fapiao take, each against what was promised.

`start` makes a database and a sandbox cloud and runs this package in the virtual environment, `python -m
dev.bench`; `figures` is how the results are judged and shown.
"""

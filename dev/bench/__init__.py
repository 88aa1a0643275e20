"""`make bench`: how long 100,000 and 1,000,000 received fapiao take, each against what was promised.

`run` makes a database and a sandbox cloud and measures; `figures` is how the results are judged and shown.
"""

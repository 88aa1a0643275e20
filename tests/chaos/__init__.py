"""`make chaos`: several Odoo servers on one database, a cloud that loses answers, processes that die.

`run` reads the variables and does it. `place` makes what the run works on and `office` the company with its invoices;
`people` click, `events` kill, freeze and restart, `faults` is what the cloud does wrong, `passing` lets time pass,
`ledger` compares Odoo with the bureau in the end, `report` shows it. `histories` plays tests/stateful at length.

Odoo doesn't load this package: `make chaos` runs it, and tests/test_dev_chaos.py.
"""

import sys
from pathlib import Path

# `dev` is found as what it is to `make`: a package beside the addon.
if (ROOT := str(Path(__file__).resolve().parents[2])) not in sys.path:
    sys.path.append(ROOT)

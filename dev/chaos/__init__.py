"""`make chaos`: several Odoo servers on one database, a cloud that loses answers, processes that die.

`start` reads the variables and runs this package in the virtual environment, `python -m dev.chaos`.
`place` makes what the run works on and `office` the company with its invoices; `people` click, `events`
kill, freeze and restart, `faults` is what the cloud does wrong, `passing` lets time pass, `ledger` compares
Odoo with the bureau in the end, `report` shows it.
"""

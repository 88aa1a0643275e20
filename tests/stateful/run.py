"""Plays histories on one database: ``run.py DATABASE COUNT SEED [quick|survey]``, in a process of its own.

Prints a line of JSON for each batch and a last one with the counts. For each violation there is the shortest
history that hypothesis has found; ``quick`` shows the first that led to it, and a ``survey`` goes on after each.
"""

import contextlib
import io
import json
import logging
import os
import sys
import time
import traceback
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis.stateful import run_state_machine_as_test

import odoo.tools
from odoo.modules.registry import Registry

BATCH = 100
SURVEYED = 12
STEPS = 8
ENOUGH = 5  # violations after which there is no use in going on


def main(database, count, seed, *flags):
    # histories have simulated time; browsers that other tests open meanwhile have none to lose
    os.nice(10)
    machine = prepare(database)
    count, seed, violations = int(count), int(seed), 0
    try:
        batch = SURVEYED if "survey" in flags else BATCH
        for start in range(0, count, batch):
            found = play(machine, min(batch, count - start), seed + start, flags)
            violations += bool(found)
            say(
                seed=seed + start,
                histories=machine.counts["histories"],
                steps=machine.counts["steps"],
                cpu=round(time.process_time(), 1),
                found=found,
            )
            if violations == ENOUGH and "survey" not in flags:
                break
            machine.stage.undo.tidy()
    finally:
        machine.stage.close()
    say(done=True, counts=machine.counts, refusals=machine.refusals if "survey" in flags else {})
    return 1 if violations else 0


def prepare(database):
    """Load Odoo on ``database``, set up what the histories need, and return their machine."""
    odoo.tools.config.parse_config(["-c", os.environ["ODOO_DEV_CONF"], "-d", database, "--no-http"])
    # refusals, collisions and lost answers are what is played; errors are collected (stage.Errors)
    logging.disable(logging.WARNING)
    logging.getLogger().handlers.clear()
    logging.getLogger("odoo.sql_db").setLevel(logging.CRITICAL)  # collisions
    registry = Registry(database)
    # not before the addons path is configured
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from stateful import held, machine, stage  # noqa: PLC0415

    from odoo.addons.l10n_cn_invoice_cloud.models.cloud.engine import Engine  # noqa: PLC0415

    held.install(Engine)
    machine.Machine.stage = stage.Stage(registry)
    return machine.Machine


def play(machine, count, seed, flags):
    """Play ``count`` histories from ``seed``; return what is violated in words, or ''."""
    options = settings(
        max_examples=count,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate] if flags else [Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )
    told = io.StringIO()
    try:
        with contextlib.redirect_stdout(told):
            run_state_machine_as_test(seeded(seed)(machine), settings=options)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return f"{told.getvalue()}\n{''.join(traceback.format_exception(error))}"
    return ""


def say(**values):
    sys.stdout.write(json.dumps(values, ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""Plays histories on one database: ``run.py DATABASE COUNT SEED``, in a process of its own.

Prints a line of JSON for each batch and a last one with the sums; for each violation the shortest history that
hypothesis has found.
"""

import contextlib
import io
import json
import logging
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import odoo.tools
from odoo.modules.registry import Registry

BATCH = 100
STEPS = 8


def main(database, count, seed, *flags):
    odoo.tools.config.parse_config(
        ["-c", os.environ["ODOO_DEV_CONF"], "-d", database, "--no-http", "--log-level", "critical"]
    )
    logging.disable(logging.WARNING)
    registry = Registry(database)
    # not before the addons path is configured
    from odoo.addons.l10n_cn_invoice_cloud.models.fapiao_engine import FapiaoEngine  # noqa: PLC0415
    from stateful import held  # noqa: PLC0415
    from stateful.machine import Machine  # noqa: PLC0415
    from stateful.stage import Stage  # noqa: PLC0415

    held.install(FapiaoEngine)
    started = time.time()
    Machine.stage = Stage(registry)
    say(ready=round(time.time() - started, 1))
    started, violations = time.time(), 0
    try:
        for start in range(0, int(count), BATCH):
            size = min(BATCH, int(count) - start)
            found = play(Machine, size, int(seed) + start, flags)
            violations += bool(found)
            say(
                histories=Machine.counts["histories"],
                steps=Machine.counts["steps"],
                violations=violations,
                seconds=round(time.time() - started, 1),
                cpu=round(time.process_time(), 1),
                found=found,
            )
    finally:
        Machine.stage.close()
    say(done=True, violations=violations, seconds=round(time.time() - started, 1), **Machine.counts)
    return 1 if violations else 0


def play(machine, count, seed, flags):
    """Play ``count`` histories from ``seed``; return what is violated in words, or ''."""
    from hypothesis import HealthCheck, Phase, settings  # noqa: PLC0415
    from hypothesis import seed as seeded  # noqa: PLC0415
    from hypothesis.stateful import run_state_machine_as_test  # noqa: PLC0415

    phases = [Phase.generate] if "quick" in flags else [Phase.generate, Phase.shrink]
    options = settings(
        max_examples=count,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs="all" in flags,
        print_blob=False,
    )
    told = io.StringIO()
    try:
        with contextlib.redirect_stdout(told):
            run_state_machine_as_test(seeded(seed)(machine), settings=options)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        import traceback  # noqa: PLC0415

        return f"{told.getvalue()}\n{''.join(traceback.format_exception(error))}"
    return ""


def say(**values):
    sys.stdout.write(json.dumps(values, ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

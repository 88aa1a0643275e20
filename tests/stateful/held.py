"""A worker that stops in mid-work, as after SIGSTOP, and later goes on or dies.

It works in a thread of its own with cursors of its own. It stops between two of the engine's steps, where no
transaction is open; time passes for the others meanwhile.
"""

import contextlib
import functools
import threading

# In front of which of the engine's steps a worker can be stopped
SEAMS = ("call", "record", "apply")
PATIENCE = 30


class Died(BaseException):
    """Raised in a worker that is killed."""


class Held:
    def __init__(self, name, seam, work):
        self.name = name
        self.seam = seam
        self.trouble = None
        self.is_held = False
        self._reached, self._go = threading.Event(), threading.Event()
        self._dies = False
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True, name=name)
        self._thread.held = self
        self._thread.start()
        if not self._reached.wait(PATIENCE):
            raise RuntimeError(f"{name} did not come to {seam}")

    def _run(self, work):
        try:
            with contextlib.suppress(Died):
                work()
        except BaseException as error:
            self.trouble = error
        finally:
            self._reached.set()

    def stop_here(self, seam):
        """Called by the worker in front of each step; the first that matches holds it, once."""
        if seam != self.seam or self._reached.is_set():
            return
        self.is_held = True
        self._reached.set()
        self._go.wait()
        if self._dies:
            raise Died

    def end(self, dies=False):
        """Let the worker go on to its end, or die where it stands; raise what went wrong in it."""
        self._dies = dies
        self.is_held = False
        self._go.set()
        self._thread.join(PATIENCE)
        if self._thread.is_alive():
            raise RuntimeError(f"{self.name} does not come to its end")
        if self.trouble:
            raise self.trouble


def install(engine):
    """Make the seams of the ``engine`` (a class) stop workers that are to be stopped there."""
    for seam in SEAMS:
        setattr(engine, f"_{seam}", _stopping(getattr(engine, f"_{seam}"), seam))


def _stopping(original, seam):
    @functools.wraps(original)
    def step(self, *args, **kwargs):
        if held := getattr(threading.current_thread(), "held", None):
            held.stop_here(seam)
        return original(self, *args, **kwargs)

    return step

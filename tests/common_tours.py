"""What all tours share: a clerk who may issue, and clicks whose attempt after the commit really runs."""

from contextlib import suppress
from functools import cache
from unittest.mock import patch

import pytest

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests import HttpCase, test_cursor
from odoo.tests.common import ChromeBrowser, get_db_name

SCRIPTS = ("web.assets_web", "web.assets_frontend_minimal", "web.assets_frontend_lazy", "web.assets_tests")
LIBRARIES = ("l10n_cn_invoice_cloud.socket_io_2", "l10n_cn_invoice_cloud.socket_io_4")
# Seconds for a page and for a tour: Odoo's own are for a machine that does nothing beside
PAGE, TOUR = 60, 240
# Now and then a browser stays on a blank page; no tour has begun then, so that the page is loaded again
LOADS = 4
STYLES = ("web.assets_web", "web.assets_web_print", "web.assets_frontend")


@cache
def build_assets(database):
    """Build and commit the bundles of the web client: one built inside a test is rolled back with it, so that every
    tour would spend seconds on its own."""
    with Registry(database).cursor() as cr:
        qweb = api.Environment(cr, SUPERUSER_ID, {})["ir.qweb"]
        for name in (*SCRIPTS, *LIBRARIES):
            qweb._get_asset_bundle(name, css=False, js=True).js()
        for name in STYLES:
            qweb._get_asset_bundle(name, css=True, js=False).css()


def commit_and_follow(commit):
    """Return a ``TestCursor.commit`` that also runs what the engine has put after it. Odoo's own one
    forgets all work after a commit; the click's attempt is just that."""

    def run(cursor):
        attempts = [work for work in cursor.postcommit._funcs if "Engine._after_commit" in work.__qualname__]
        commit(cursor)
        for attempt in attempts:
            attempt()

    return run


@pytest.mark.timeout(LOADS * PAGE + TOUR + 60)
class TourCase(HttpCase):
    """Mixed in behind one of the common cases, which make company, account and sandbox."""

    # A page's requests wait for each other here. After Odoo's twenty seconds one would fail, and a page that has lost
    # a request is never ready.
    test_cursor_lock_timeout = PAGE

    @classmethod
    def setUpClass(cls):
        build_assets(get_db_name())
        super().setUpClass()

    @classmethod
    def create_clerk(cls, *groups):
        """Let somebody with the issuer's and these other groups sit at the browser."""
        all_groups = cls.issuer_group.union(*(cls.env.ref(group) for group in groups))
        return cls.env["res.users"].create(
            {
                "name": "Fapiao clerk",
                "login": "fapiao_clerk",
                "password": "fapiao_clerk",
                "lang": "en_US",
                "group_ids": [(6, 0, all_groups.ids)],
                "company_id": cls.company.id,
                "company_ids": [(6, 0, cls.company.ids)],
            }
        )

    def setUp(self):
        super().setUp()
        follow = commit_and_follow(test_cursor.TestCursor.commit)
        self.startPatcher(patch.object(test_cursor.TestCursor, "commit", follow))
        self.load_again()

    def load_again(self):
        """Let the browser load a page up to ``LOADS`` times until it is ready."""
        navigate, wait_ready = ChromeBrowser.navigate_to, ChromeBrowser._wait_ready

        def remember(browser, url, wait_stop=False):
            browser.page = url
            navigate(browser, url, wait_stop=wait_stop)

        def wait(browser, code=None):
            for _load in range(LOADS - 1):
                # TimeoutError: the page is just loading when its time is over
                with suppress(TimeoutError):
                    if wait_ready(browser, code, PAGE):
                        return True
                navigate(browser, browser.page)
            return wait_ready(browser, code, PAGE)

        self.startPatcher(patch.object(ChromeBrowser, "navigate_to", remember))
        self.startPatcher(patch.object(ChromeBrowser, "_wait_ready", wait))

    def click_through(self, tour, url, login="fapiao_clerk"):
        """Play ``tour`` from ``url`` on."""
        self.env.flush_all()
        self.start_tour(url, tour, login=login, timeout=TOUR)
        self.env.invalidate_all()

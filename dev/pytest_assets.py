"""A pytest plugin: asset bundles built once for all browser tests.

A bundle built inside a test is rolled back with it, so that every tour would build its own for seconds. Odoo's own
runner builds them up front too, but all that exist.
"""

import pytest

_SCRIPTS = ("web.assets_web", "web.assets_frontend_minimal", "web.assets_frontend_lazy", "web.assets_tests")
_STYLES = ("web.assets_web", "web.assets_web_print", "web.assets_frontend")


@pytest.fixture(scope="session", autouse=True)
def built_assets(request, load_registry):
    """Build and commit the bundles of the web client when any test needs a browser."""
    from odoo.tests import HttpCase  # Odoo must be configured before it is imported

    classes = {getattr(item, "cls", None) for item in request.session.items}
    if any(cls and issubclass(cls, HttpCase) for cls in classes):
        _build()


def _build() -> None:
    from odoo.api import SUPERUSER_ID, Environment
    from odoo.modules.registry import Registry
    from odoo.tests.common import get_db_name

    with Registry(get_db_name()).cursor() as cr:
        qweb = Environment(cr, SUPERUSER_ID, {})["ir.qweb"]
        for name in _SCRIPTS:
            qweb._get_asset_bundle(name, css=False, js=True).js()
        for name in _STYLES:
            qweb._get_asset_bundle(name, css=True, js=False).css()

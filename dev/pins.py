"""What is fetched, in which version."""

ODOO_SERIES = "19.0"

# Where no Debian package is to be had.
ODOO_GIT = ("https://github.com/odoo/odoo.git", ODOO_SERIES)

# Odoo as Debian's unstable suite packs it, and the packages that its static files link
# to. Unstable moves on: a version that has gone is replaced by the suite's current one,
# with a note.
DEBIAN_ODOO = "odoo-19"
DEBIAN_UNSTABLE = {
    DEBIAN_ODOO: "19.0.0+dfsg-1",
    "libjs-jquery": "3.7.1+dfsg+~3.5.33-1",
    "libjs-jquery-form": "12-4",
    "libjs-underscore": "1.13.8~dfsg+~1.13.0-1",
    "fonts-montserrat": "9.000-6",
    "fonts-ocr-b": "0.3.1~dfsg-2",
    "fonts-roboto-unhinted": "2:3.016-1",
    "fonts-glyphicons-halflings": "1.009~3.4.1+dfsg-7",
    "fonts-inconsolata": "3.001+ds-1",
}

# Second copies of what lies inside the package `odoo`, and what only a build needs.
DEBIAN_LEFT_OUT = tuple(f"usr/lib/python3/dist-packages/{name}" for name in ("addons", "doc", "setup"))

# Unstable's fonts-font-awesome no longer has the file names that Odoo links to.
DEBIAN_STABLE_SUITE = "bookworm"
DEBIAN_STABLE = {
    "fonts-font-awesome": "5.0.10+really4.7.0~dfsg-4.1",
}

# Files that Debian strips and an asset bundle still names.
ODOO_STRIPPED = ("addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js",)

# Python versions that Odoo 19 runs on and for which requirements/ has wheels.
PYTHON_FROM, PYTHON_BELOW = (3, 11), (3, 13)

# The first is what every user of a template database starts with.
LANGUAGES = "en_US,zh_CN"

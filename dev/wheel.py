"""The build backend of pyproject.toml: whool, on a bare copy of the addon.

whool takes the addon's name from its folder and packs all that git knows; a checkout may have any name, and neither the
sandbox nor what makes and tests the addon belongs into a wheel.
"""

import os
import tempfile
from pathlib import Path

from whool import buildapi

from . import paths


def build_wheel(wheel_directory: str, config_settings=None, metadata_directory=None) -> str:
    """Build the wheel of the addon in *wheel_directory* and return its file name (PEP 517)."""
    target, before = Path(wheel_directory).resolve(), Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / paths.ADDON
        paths.copy_bare(bare)
        os.chdir(bare)  # whool builds the addon it is in
        try:
            return buildapi.build_wheel(str(target), config_settings)
        finally:
            os.chdir(before)

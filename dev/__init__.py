"""Development scripts: what stands behind the targets of the Makefile.

Nothing in here is part of the addon. Modules that run before the virtual environment exists use the standard library
only.
"""

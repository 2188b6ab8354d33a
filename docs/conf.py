"""Settings of Sphinx.

    sphinx-build -W --keep-going docs build/docs

needs the dependency group ``docs`` and all studies installed; it runs no simulation.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import version as installed
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("PYNEST_QUIET", "1")

project = "neuromodels"
author = "The neuromodels authors"
copyright = "The neuromodels authors, GPL-2.0-or-later"  # noqa: A001  Sphinx's name
version = release = installed("neuromodels")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "sphinx_copybutton",
    "generator",
]
exclude_patterns = ["examples/*.py"]

myst_enable_extensions = ["dollarmath", "deflist", "fieldlist"]
myst_heading_anchors = 3
html_math_renderer = "mathml"

# Docstrings: NumPy style, `name` refers to Python objects where there is one.
default_role = "py:obj"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_custom_sections = [("Class attributes", "params_style")]
autodoc_member_order = "bysource"
autodoc_typehints = "none"

html_theme = "furo"
html_title = f"neuromodels {version}"
html_static_path = ["static"]
html_css_files = ["neuromodels.css"]
copybutton_prompt_text = r"^\$ "
copybutton_prompt_is_regexp = True

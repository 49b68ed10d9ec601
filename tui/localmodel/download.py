"""The child that runs pip, so that a download ends with the program that wanted it.

Started as `python -P -m tui.localmodel.download PIP-WORDS…`: pip itself, in this process, which
ends when standard input closes.
"""

from __future__ import annotations

import runpy
import sys

from tui.process import end_with_parent

if __name__ == "__main__":
    end_with_parent()
    sys.argv[0] = "pip"
    runpy.run_module("pip", run_name="__main__", alter_sys=True)

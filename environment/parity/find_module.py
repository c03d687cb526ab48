"""Ends without an error if this Python has the module: find_module.py NAME"""

import importlib.util
import sys

sys.exit(importlib.util.find_spec(sys.argv[1]) is None)

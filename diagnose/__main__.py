"""`python -m diagnose` is the command `diagnose`."""

from __future__ import annotations

import sys

from diagnose.cli import main

sys.exit(main())

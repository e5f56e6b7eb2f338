"""What everything that typst sets has in common."""

from functools import cache

import typst


@cache
def fonts() -> typst.Fonts:
    """Those that typst brings along, and all of this machine; looked for once in a process."""
    return typst.Fonts()

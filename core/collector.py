"""Python's garbage collector, told what a program that has started up no longer has to look at."""

import gc

# Allocations between two looks at the young objects, and looks between two at the older ones. A
# batch of a thousand entries allocates some ten thousand, none of them in cycles.
THRESHOLDS = (50_000, 20, 50)


def settle() -> None:
    """Leave everything that is loaded by now alone, for the rest of this process's life.

    A full collection walks all of Django's classes and our own, about 100 ms at a time in the
    midst of a request; measured, it was a third of a bulk posting's time in Python.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)

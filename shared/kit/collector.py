"""Python's collector of reference cycles, set for processes that live long and make much that lives briefly.

As it comes, it looks through everything a service has imported again and again while requests make and drop thousands of
small objects: a third of the time of a batch push went there.
"""

import gc

_NEW_OBJECTS = 20_000
"""Made since the last look at the young ones; 700 as Python comes. Some megabytes of cycles may wait for it."""


def calm_collector() -> None:
    """What is loaded by now stays for good and is never looked at again; the rest is looked at less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 20)

"""Runs the calls of a client, and prints a row for each: client, kind of call, result, separated by tabs."""

import asyncio
import inspect
import sys

URL, MODEL = sys.argv[1:3]
ASK = "Say something about rivers."


def run(client, calls):
    """Runs calls by their kind. A call is ok if it returns anything but False, refused by name if it is answered 400, else failed."""
    failures = 0
    for kind, call in calls.items():
        try:
            value = call()
            if inspect.isawaitable(value):
                value = asyncio.run(resolved(value))
            if value is False:
                raise AssertionError("the answer is not what was expected")
            result = "ok"
        except Exception as e:
            refused = getattr(e, "status_code", None) == 400
            failures += not refused
            result = ("refused by name: " if refused else f"failed: {type(e).__name__}: ") + " ".join(str(e).split())[:200]
        print(client, kind, result, sep="\t", flush=True)
    sys.exit(1 if failures else 0)


async def resolved(value):
    return await value


def raises(kind, call):
    """Whether a call raises an exception of the class, as it should."""
    try:
        call()
    except kind:
        return True
    return False

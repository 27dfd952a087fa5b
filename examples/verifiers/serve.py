"""Serves an environment of verifiers with verifiers' own environment server: serve.py ENVIRONMENT ADDRESS TASKS [LIMIT]

ENVIRONMENT is the id of an installed taskset, whose model then gets one conversation without tools in a local process, or the whole configuration of an
environment as a JSON object. The data of at most LIMIT (default: 1000) tasks goes to the file TASKS, one in a line: the client of a server sends them.
"""

import itertools
import json
import sys
from pathlib import Path

from verifiers.v1.serve import serve_env
from verifiers.v1.utils.loaders import load_taskset, resolve_env_config


def configuration(environment: str) -> dict:
    if environment.startswith("{"):
        return json.loads(environment)
    return {"taskset": {"id": environment}, "agent": {"harness": {"id": "null"}, "runtime": {"type": "subprocess"}}}


def main(environment: str, address: str, tasks: str, limit: str = "1000") -> None:
    config = configuration(environment)
    taskset = load_taskset(resolve_env_config(config).taskset)
    lines = [json.dumps(task.data.model_dump(mode="json")) for task in itertools.islice(taskset, int(limit))]
    Path(tasks).write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    print(f"{len(lines)} tasks in {tasks}; serving at {address}", flush=True)
    serve_env(max_workers=1, address=address, config_data=config)


if __name__ == "__main__":
    main(*sys.argv[1:])

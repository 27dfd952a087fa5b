"""Rollouts of verifiers in the environment of words.py: verifiers_calls.py URL MODEL CHECKPOINT. Both of its clients: eval (chats), train (token ids)."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from calls import MODEL, URL, run

ROLLOUTS = 8
HERE = Path(__file__).parent
ENVIRONMENT = os.environ | {"PYTHONPATH": str(HERE), "CLIENTS_KEY": "none", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def traces(*options):
    with tempfile.TemporaryDirectory() as out:
        done = subprocess.run(
            [
                "vf-eval", "words", "-m", MODEL, "-r", "2", "--no-push", "--no-rich", "--env.agent.harness.id", "null",
                "--env.agent.runtime.type", "subprocess", "--client.base-url", URL + "/v1", "--client.api-key-var", "CLIENTS_KEY",
                "--sampling.max-tokens", "16", "--output-dir", out, "--run.dir", "run", *options],
            env=ENVIRONMENT, capture_output=True, text=True, timeout=300)
        if done.returncode:
            raise RuntimeError((done.stderr or done.stdout)[-200:])
        episodes = [json.loads(line) for line in (Path(out) / "run" / "traces.jsonl").read_text().splitlines()]
        errors = [error for episode in episodes for error in episode["errors"]]
        if errors or len(episodes) != ROLLOUTS or not all(episode["ok"] for episode in episodes):
            raise RuntimeError(f"{len(episodes)} of {ROLLOUTS} rollouts, errors: {errors[:1]}")
        return [trace for episode in episodes for trace in episode["traces"]]


def evaluated():
    return all("says_the_word" in trace["rewards"] and trace["nodes"][-1]["message"]["content"] for trace in traces())


def trained():
    """Each answer has its sampled tokens, with a logprob for each."""
    answers = [trace["nodes"][-1] for trace in traces("--client.type", "train", "--client.renderer-model-name", sys.argv[3])]
    return all(sum(answer["mask"]) == len(answer["logprobs"]) > 0 for answer in answers)


run("verifiers", {"rollouts, eval client": evaluated, "rollouts, train client": trained})

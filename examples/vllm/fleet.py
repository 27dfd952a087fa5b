"""Updates a fleet behind `freshet route` while an OpenAI client streams.

fleet.py changed MODEL DIR NUMBER    makes a checkpoint that answers differently from MODEL
fleet.py try DATA ADMIN PID DIR DIR  streams chats through DATA, updates through ADMIN in every mode, and stops and continues the server PID
"""

import collections
import json
import os
import shutil
import signal
import sys
import threading
import time
import urllib.error
import urllib.request

STREAMS = 6
TOKENS = 40
ROUNDS = 2
PHASES = ["prepare_ms", "pause_ms", "apply_ms", "ask_ms", "resume_ms"]


def changed(model, directory, number):
    from safetensors.torch import load_file, save_file

    os.makedirs(directory, exist_ok=True)
    for name in os.listdir(model):
        if name.endswith((".json", ".jinja")) and name != "manifest.json":
            shutil.copy(os.path.join(model, name), directory)
    tensors = load_file(os.path.join(model, "model.safetensors"))
    key = f"model.layers.{10 + int(number)}.mlp.down_proj.weight"
    tensors[key] = -tensors[key]
    save_file(tensors, os.path.join(directory, "model.safetensors"), metadata={"format": "pt"})


def call(url, body=None, deadline=180):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=deadline) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as e:
        return e.code, json.load(e)


class Streams:
    """Chats in streams, one after the other on each of several threads."""

    def __init__(self, base):
        self.base = base
        self.ends = collections.Counter()
        self.gap = 0.0
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.chats, args=(i,)) for i in range(STREAMS)]
        for thread in self.threads:
            thread.start()

    def chats(self, number):
        from openai import OpenAI

        client = OpenAI(base_url=self.base + "/v1", api_key="none", timeout=120, max_retries=0)
        while not self.over.is_set():
            try:
                last = time.monotonic()
                end = "no finish reason"
                for chunk in client.chat.completions.create(
                    model="policy",
                    messages=[{"role": "user", "content": f"Count from {number} on."}],
                    max_tokens=TOKENS,
                    stream=True,
                ):
                    now = time.monotonic()
                    self.gap = max(self.gap, now - last)
                    last = now
                    if chunk.choices and chunk.choices[0].finish_reason:
                        end = chunk.choices[0].finish_reason
                self.ends[end] += 1
            except Exception as e:  # What a client sees is what this program reports.
                self.ends[f"{type(e).__name__}: {e}"[:160]] += 1

    def so_far(self):
        """How the streams since the last call have ended, and the longest time between two chunks."""
        ends, gap = dict(self.ends), self.gap
        self.ends.clear()
        self.gap = 0.0
        return ends, gap

    def close(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


def update(admin, directory, step, mode):
    start = time.monotonic()
    status, answer = call(admin + "/update_weights", {"weight_dir": directory, "step": step, "mode": mode})
    wall = (time.monotonic() - start) * 1000
    print(f"\nversion {step}, mode {mode}: {status} in {wall:.0f} ms", answer.get("error", {}).get("message", ""))
    blame = answer.get("blame", {})
    for row in answer.get("replicas", []):
        slowest = row["url"] == blame.get("replica") and blame.get("phase", "") + "_ms"
        cells = [f"{phase[:-3]} {row[phase]:.1f}{'*' if phase == slowest else ''}" for phase in PHASES if phase in row]
        print(f"  {row['url']:<24} {row.get('state', ''):<12}", "  ".join(cells), row.get("failure", ""))
        for note in row.get("notes", []):
            print("    note:", note)


def states(admin):
    _, answer = call(admin + "/replicas")
    return [(row["url"], row["state"], row.get("policy_version")) for row in answer["replicas"]]


def await_serving(admin, version, deadline=120):
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        if all(state == "serving" and served == version for _, state, served in states(admin)):
            return
        time.sleep(0.5)
    sys.exit(f"after {deadline} s not all replicas serve version {version}: {states(admin)}")


def told(streams):
    ends, gap = streams.so_far()
    print(f"  streams ended: {ends}, longest time between two chunks {gap:.1f} s")


def trial(data, admin, pid, *directories):
    await_serving(admin, 0)
    streams = Streams(data)
    step = 0
    try:
        time.sleep(10)
        print("before the first update")
        told(streams)
        for _ in range(ROUNDS):
            for mode in ["keep", "recompute", "drain", "abort"]:
                step += 1
                update(admin, directories[step % 2], step, mode)
                await_serving(admin, step)
                time.sleep(4)
                told(streams)
        print("\none server is stopped; the quorum is two")
        os.kill(int(pid), signal.SIGSTOP)
        step += 1
        update(admin, directories[step % 2], step, "keep")
        print(" ", states(admin))
        os.kill(int(pid), signal.SIGCONT)
        await_serving(admin, step)
        print("it continues, and serves the version of the others")
        time.sleep(5)
        told(streams)
    finally:
        os.kill(int(pid), signal.SIGCONT)
        streams.close()


if __name__ == "__main__":
    {"changed": changed, "try": trial}[sys.argv[1]](*sys.argv[2:])

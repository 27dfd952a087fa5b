"""What deploy/check.sh asks a Prometheus: deploy/check.py URL native|classic. Exit code 1 with a line for everything that is not so."""

import json
import sys
import urllib.parse
import urllib.request

url, form = sys.argv[1:]
wrong = []


def get(path, **query):
    with urllib.request.urlopen(f"{url}/api/v1/{path}?{urllib.parse.urlencode(query)}", timeout=30) as answer:
        return json.load(answer)["data"]


def values(query):
    return get("query", query=query)["result"]


def expect(holds, what):
    if not holds:
        wrong.append(f"{form}: {what}")


targets = get("targets")["activeTargets"]
expect(targets and all(t["health"] == "up" for t in targets), f"targets: {[t.get('lastError') for t in targets]}")

native = values("histogram_count(freshet_update_queue_seconds)")
classic = values("freshet_update_queue_seconds_bucket")
expect(bool(native) == (form == "native"), f"{len(native)} native series of freshet_update_queue_seconds")
expect(bool(classic) == (form == "classic"), f"{len(classic)} classic series of freshet_update_queue_seconds")

rules = [rule for group in get("rules")["groups"] for rule in group["rules"]]
for rule in rules:
    expect(rule["health"] == "ok", f"{rule['name']}: {rule['health']} {rule.get('lastError', '')}")

shown = []
for name in sorted({rule["name"] for rule in rules if rule["type"] == "recording"}):
    if name.endswith("_30m") or "stall" in name:
        continue  # Means of half an hour; some updates hold decoding for so short a time that it is 0.
    found = [v["value"][1] for v in values(name)]
    expect(found and all(v not in ("NaN", "+Inf") for v in found), f"{name}: {found}")
    shown.append(f"{name} {found[0] if found else None}")

firing = sorted({v["metric"]["alertname"] for v in values('ALERTS{alertstate="firing"}')})
print(f"{form}: {len(targets)} target up, {len(rules)} rules evaluate, firing: {', '.join(firing) or 'nothing'}")
print("  " + "\n  ".join(line for line in shown if "queue" in line or "rpc" in line))
expect(not firing, f"firing: {firing}")
for line in wrong:
    print(line, file=sys.stderr)
sys.exit(1 if wrong else 0)

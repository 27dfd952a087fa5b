"""Checks a Prometheus that deploy/check.sh started: deploy/check.py URL native|classic. Prints each failed check; exits with 1 if any failed."""

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
errors = [target.get("lastError") for target in targets]
expect(targets and all(target["health"] == "up" for target in targets), f"targets: expected all up, found errors {errors}")

queue = "freshet_update_queue_seconds"
for kind, query in [("native", f"histogram_count({queue})"), ("classic", f"{queue}_bucket")]:
    found = len(values(query))
    expected = "at least 1" if kind == form else "0"
    expect((found > 0) == (kind == form), f"{queue}: expected {expected} {kind} series, found {found}")

rules = [rule for group in get("rules")["groups"] for rule in group["rules"]]
for rule in rules:
    expect(rule["health"] == "ok", f"rule {rule['name']}: expected health ok, found {rule['health']} {rule.get('lastError', '')}")

shown = []
for name in sorted({rule["name"] for rule in rules if rule["type"] == "recording"}):
    if name.endswith("_30m") or "stall" in name:
        continue  # 30-minute aggregates need a longer run; a stall can be so short that it is 0.
    found = [v["value"][1] for v in values(name)]
    expect(found and all(v not in ("NaN", "+Inf") for v in found), f"rule {name}: expected finite values, found {found}")
    shown.append(f"{name} {found[0] if found else None}")

firing = sorted({v["metric"]["alertname"] for v in values('ALERTS{alertstate="firing"}')})
print(f"{form}: {len(targets)} targets, {len(rules)} rules evaluated, firing alerts: {', '.join(firing) or 'none'}")
print("  " + "\n  ".join(line for line in shown if "queue" in line or "rpc" in line))
expect(not firing, f"firing alerts: {firing}, expected none")
for line in wrong:
    print(line, file=sys.stderr)
sys.exit(1 if wrong else 0)

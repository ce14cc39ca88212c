"""Keeps results.json and writes report.md beside it, after each stage of bench/gpu.sh. The path of results.json is $GPU_RESULTS.

    report.py begin DEVICE DATA
    report.py stage NAME EXIT SECONDS LIMIT
    report.py end STATS      stats.jsonl of the training
"""

import json
import os
import platform
import subprocess
import sys
from datetime import datetime, timezone

path = os.environ["GPU_RESULTS"]
REASONS = {"124": "stopped at its time limit", "137": "killed at its time limit", "skipped": "no time was left"}


def now():
    return datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            return next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), platform.machine())
    except OSError:
        return platform.machine()


def begin(device, data):
    import torch

    query = "--query-gpu=name,driver_version,memory.total,clocks.max.sm,power.limit"
    card = output("nvidia-smi", query, "--format=csv,noheader").splitlines() if device == "cuda" else []
    return {
        "began": now(),
        "device": device,
        "card": card[0] if card else None,
        "torch": torch.__version__,
        "cuda": torch.version.cuda if torch.cuda.is_available() else None,
        "python": platform.python_version(),
        "compiler": output(*(os.environ.get("CXX") or "g++").split(), "--version").split("\n")[0],
        "processor": f"{processor()}, {os.cpu_count()} processors",
        "commit": output("git", "rev-parse", "--short", "HEAD") or None,
        "data": data,
        "stages": [],
    }


def training(stats):
    try:
        with open(stats) as file:
            lines = [json.loads(line) for line in file]
    except (OSError, ValueError):
        return None
    lines = [line for line in lines if "loss" in line]
    return {"images": lines[-1]["images"], "loss": lines[-1]["loss"], "first": lines[0]["loss"]} if lines else None


def number(value, digits):
    return "–" if value is None else f"{value:,.{digits}f}"


def table(head, rows):
    yield f"| {' | '.join(head)} |"
    yield f"|---|{'---:|' * (len(head) - 1)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


def report(r):
    yield f"# rin on {r['card'] or r['processor']}\n"
    if r["device"] == "cpu":
        yield "A rehearsal on the CPU with tiny sizes. Its figures mean nothing.\n"
    yield f"- {r['began']} to {r.get('ended', 'unfinished')}; commit {r['commit'] or 'unknown'}"
    yield f"- Card, driver, memory, clock, power: {r['card'] or 'none'}"
    yield f"- torch {r['torch']}, CUDA {r['cuda'] or 'none'}, Python {r['python']}, {r['compiler']}"
    yield f"- {r['processor']}"
    if "peak" in r:
        peak = r["peak"]
        yield f"- Products of {peak['side']}² matrices in {peak['dtype']}: {number(peak['tflops'], 2)} TFLOP/s"
    yield ""
    for task, unit in (("train", "A training step"), ("sample", "Sampling")):
        races = [race for race in r.get("races", []) if race["task"] == task]
        if not races:
            continue
        yield f"## {unit}\n"
        rows = []
        for race in races:
            first = next((one for one in race["contestants"] if one["name"] == "rin"), None)
            for one in race["contestants"]:
                if "why" in one:
                    rows.append([race["network"], one["name"], one["why"].replace("|", "/"), *[""] * 5])
                    continue
                own = "ms" in one and first is not None and "ms" in first
                tflops = race["gflop"] / one["ms"] if "ms" in one else None
                share = 100 * tflops / r["peak"]["tflops"] if tflops is not None and "peak" in r else None
                rows.append(
                    [
                        race["network"],
                        one["name"],
                        number(one.get("ms"), 2),
                        number(one["ms"] / first["ms"] if own else None, 2),
                        number(race["count"] / one["ms"] * 1000 if "ms" in one else None, 0),
                        number(share, 1),
                        number(one.get("memory"), 0),
                        race["dtype"],
                    ]
                )
        yield from table(["network", "", "ms", "÷ rin", "pictures/s", "% of peak", "peak MB", "dtype"], rows)
        for race in races:
            steps = f", {race['steps']} steps" if task == "sample" else ""
            yield f"- {race['network']}: {race['count']} pictures{steps}; medians of {race['rounds']} rounds"
        yield ""
    if r.get("tests"):
        yield f"Tests: {r['tests']}\n"
    if r.get("training"):
        t = r["training"]
        yield f"Training `cifar10` on {r['data']}: {t['images']:,} images, loss {t['first']:.4f} → {t['loss']:.4f}\n"
    yield "## Stages\n"
    rows = []
    for name, code, seconds, limit in r["stages"]:
        end = "done" if code == "0" else REASONS.get(code, f"ended with exit code {code}")
        if name == "training" and code == "124":
            end = "stopped at its time limit, as planned"
        rows.append([name, end, str(seconds), str(limit)])
    yield from table(["stage", "", "seconds", "limit"], rows)


verb, *args = sys.argv[1:]
if verb == "begin":
    results = begin(*args)
else:
    with open(path) as file:
        results = json.load(file)
    if verb == "stage":
        results["stages"].append(args)
    else:
        results |= {"ended": now(), "training": training(*args)}
with open(path, "w") as file:
    json.dump(results, file, indent=1)
with open(os.path.join(os.path.dirname(path), "report.md"), "w") as file:
    file.write("\n".join(report(results)))

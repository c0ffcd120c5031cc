"""From starting `diagnose mcp` to its first tool's result, beside a server of the bare SDK with one empty tool.

    python benchmarks/mcp_start.py [ROUNDS]

The two take turns, so that a busy machine slows both. Both speak the same lines: initialize, and one call.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BARE = """\
from mcp.server import MCPServer
server = MCPServer("bare", log_level="CRITICAL")
@server.tool()
def diagnose(text: str) -> dict[str, str]:
    return {"text": text}
server.run()
"""
METRICS = '{"eval_accuracy": 0.9121, "eval_precision": 0.8962, "eval_recall": 0.8874, "eval_f1": 0.8918}'
HELLO = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "benchmark", "version": "1"}}
CALL = {"name": "diagnose", "arguments": {"text": METRICS}}


def seconds(command: list[str], compiled: str) -> tuple[float, float]:
    """Return the wall and CPU seconds from the start of a server to the result of its tool."""
    environment = {
        **os.environ,
        "PYTHONPYCACHEPREFIX": compiled,
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPATH": str(ROOT),
    }
    before = os.times()
    begin = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as server:
        if server.stdin is None or server.stdout is None:
            raise SystemExit("no pipes")
        for number, (method, params) in enumerate((("initialize", HELLO), ("tools/call", CALL)), 1):
            request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            server.stdin.write(json.dumps(request).encode() + b"\n")
            server.stdin.flush()
            answer = json.loads(server.stdout.readline())
            if number == 1:
                server.stdin.write(b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
        wall = time.perf_counter() - begin
        server.stdin.close()
    if answer["result"].get("isError"):
        raise SystemExit(f"{command}: {answer}")
    after = os.times()
    return wall, after.children_user + after.children_system - before.children_user - before.children_system


def main() -> int:
    """Print the medians."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    commands = {
        "diagnose mcp": [sys.executable, "-m", "diagnose", "mcp"],
        "the bare SDK": [sys.executable, "-c", BARE],
    }
    with tempfile.TemporaryDirectory() as compiled:
        for command in commands.values():  # compiles the modules
            seconds(command, compiled)
        taken = [[seconds(command, compiled) for command in commands.values()] for _ in range(rounds)]
    for name, times in zip(commands, zip(*taken, strict=True), strict=True):
        wall, used = (statistics.median(column) for column in zip(*times, strict=True))
        print(f"{name:14} {wall:.2f} s, of the processor {used:.2f} s (median of {rounds})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

#!/usr/bin/env bash
# How much longer each kernel of the emulated device takes than the cpu's own, as a table: bash bench/slow_down.sh [build/ito]
# For f32 (what has none: its first type); the first rung of each ladder and the one that runs by default.
set -euo pipefail
echo "| kernel | of | first rung | plain | checked | default | plain | checked |"
echo "|---|---|---|---|---|---|---|---|"
OMP_WAIT_POLICY=passive "${1:-build/ito}" kernels bench "" --device cuda | awk '
  / emulated in / {
    if (!type) type = $1
    if ($1 != type) next
    match($0, /, +[0-9]+ x the cpu/); plain = substr($0, RSTART + 1, RLENGTH - 11)
    match($0, /, +[0-9]+ x$/); checked = substr($0, RSTART + 1, RLENGTH - 1)
    gsub(/ /, "", plain); gsub(/ /, "", checked); sub(/x$/, "", plain); sub(/x$/, "", checked)
    rung = $2 " | " plain " x | " checked " x"
    if (!first) first = rung
    last = rung
    next
  }
  /, cuda: / {
    if (name) print "| `" name "` | " shape " | " first " | " last " |"
    name = $1; sub(/,$/, "", name); shape = $0; sub(/^[^:]*: /, "", shape); first = last = type = ""
  }
  END { print "| `" name "` | " shape " | " first " | " last " |" }'

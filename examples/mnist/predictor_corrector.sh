#!/usr/bin/env bash
# The predictor alone, with a corrector, and the corrector alone, at equal numbers of network calls (source 000, section 3.4.4; row A-090): a table.
#   bash examples/mnist/predictor_corrector.sh RUN [SAMPLES] [CALLS ...]
set -euo pipefail
run=$1 samples=${2:-500}
shift $(($# < 2 ? $# : 2))
[ $# -gt 0 ] || set -- 64 256
ito=$(dirname "$0")/../../build/ito

row() {  # NAME CALLS OPTIONS...
  local name=$1 calls=$2
  shift 2
  local scores
  scores=$("$ito" eval "$run" --n "$samples" --guidance 0 "$@" 2>/dev/null)
  # Noise has a class in the judge's eyes, too, and always the same: its share tells.
  echo "| $name | $calls | $(sed -n 's/^Frechet distance *\([0-9.]*\).*/\1/p' <<<"$scores") | $(sed -n 's/^confident (> 0.9) *//p' <<<"$scores") |" \
    "$(grep '^classes' <<<"$scores" | grep -oE '[0-9.]+ %' | sort -n | tail -1) |"
}

echo "| sampler | calls | Frechet distance | confident | largest class |"
echo "|---|---|---|---|---|"
for calls in "$@"; do
  row "predictor" "$calls" --sampler reverse-diffusion --steps "$calls"
  row "predictor and corrector" "$calls" --sampler predictor-corrector --steps $((calls / 2)) --corrector-steps 1
  row "corrector" "$calls" --sampler predictor-corrector --predictor none --steps "$calls" --corrector-steps 1
done

#!/usr/bin/env bash
# Which prediction is best (row A-046)? The same network, seed, process and number of steps, with each target and each weight of the loss: a table of
# sliced Wasserstein distances, as multiples of what two true draws have.
#   bash examples/points/predictions.sh [SET] [STEPS] [SAMPLES] [OPTIONS OF ito train ...]
set -euo pipefail
set_name=${1:-swiss-roll} steps=${2:-3000} samples=${3:-5000}
shift $(($# < 3 ? $# : 3))
here=$(dirname "$0")
ito=$here/../../build/ito
runs=$(mktemp -d)
trap 'rm -rf "$runs"' EXIT

weightings=(simple epsilon elbo)
echo "| prediction | ${weightings[0]} | ${weightings[1]} | ${weightings[2]} |"
echo "|---|---|---|---|"
for prediction in epsilon x0 score v; do
  line="| $prediction |"
  for weighting in "${weightings[@]}"; do
    run=$runs/$prediction-$weighting
    "$ito" train "$here/ddpm.json" --out "$run" --set data.name="$set_name" --set train.minutes=0 --set train.steps="$steps" \
      --set diffusion.prediction="$prediction" --set diffusion.weighting="$weighting" "$@" >/dev/null 2>&1
    ratio=$("$ito" eval "$run" --n "$samples" 2>/dev/null | sed -n 's/^sliced Wasserstein .*), *\([0-9.]*\) of it.*/\1/p')
    line="$line ${ratio:-failed} |"
  done
  echo "$line"
done

# What `ito eval` says of a run on triangles.
source tests/scripts/common.bash

# number KEY FILE: of a JSON file with a key a line
number() { grep -oE "\"$1\": *[-0-9.e]+" "$2" | head -1 | sed 's/.*: *//'; }
within() { awk -v x="$1" -v low="$2" -v high="$3" 'BEGIN { exit !(x != "" && x + 0 >= low && x + 0 <= high) }' || fail "$4: '$1' is not within $2 and $3"; }

# ---- scores: those of real triangles do not depend on the model, and are what docs/data.md says of 32 x 32 pixels
for drawing in exact aliased; do
  run=$tmp/$drawing
  "$ito" train "$config" "${tiny[@]}" --set data.size=32 --set model.patch=2 --set data.drawing=$drawing --set train.steps=2 --out "$run" >/dev/null 2>&1
  "$ito" eval "$run" --n 6 >"$tmp/said" 2>/dev/null || fail "eval of $drawing triangles"
  grep -qE "^triangles \(score > 0.9\) +[0-9.]+ % of 6 samples \(real ones, $drawing: (8[5-9]|9[0-9])\.[0-9] %\)$" "$tmp/said" || fail "not a score: $(cat "$tmp/said")"
  grep -q "triangles, with a score over 0.9" "$run/report.html" || fail "report.html does not show the scores"
  within "$(number triangles "$run/scores.json")" 0 0.5 "what was trained for two steps"
  within "$(number mean_score "$run/scores.json")" 0 0.9 "its mean score"
  before=$(number real_triangles "$run/scores.json")
  "$ito" eval "$run" --n 3 --seed 7 >/dev/null 2>&1
  [ "$(number real_triangles "$run/scores.json")" = "$before" ] || fail "the share of real triangles depends on the samples"
done
within "$(number real_triangles "$tmp/exact/scores.json")" 0.88 0.92 "exact"
within "$(number real_triangles "$tmp/aliased/scores.json")" 0.92 0.96 "aliased"
finish

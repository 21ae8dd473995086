# What `ito eval` says of a run on triangles, and the page of `ito study`.
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
done
within "$(number real_triangles "$tmp/exact/scores.json")" 0.88 0.92 "exact"
within "$(number real_triangles "$tmp/aliased/scores.json")" 0.92 0.96 "aliased"
before=$(number real_triangles "$tmp/exact/scores.json")
"$ito" eval "$tmp/exact" --n 3 --seed 7 >/dev/null 2>&1
[ "$(number real_triangles "$tmp/exact/scores.json")" = "$before" ] || fail "the share of real triangles depends on the samples"

# ---- the study: two schedules, one drawing
triangles=examples/triangles/ddpm.json
smaller=(--set data.size=8 --set data.count=60 --set model.base=8 --set model.blocks=1 --set model.patch=1 --set train.batch=8 --set train.log_steps=1 --set sample.steps=5)
study() { "$ito" study "$triangles" "${smaller[@]}" --n 4 --schedules linear-unscaled,power10-unscaled --drawings reduced --out "$tmp/study" "$@"; }
first=$tmp/study/runs/reduced-linear-unscaled second=$tmp/study/runs/reduced-power10-unscaled
says() { # says PATTERN COMMAND...
  local pattern=$1
  shift
  "$@" >"$tmp/said" 2>"$tmp/stderr" || fail "exit code $?: $* $(cat "$tmp/stderr")"
  grep -qE -- "$pattern" "$tmp/said" || fail "'$pattern' is not in: $(cat "$tmp/said")"
}
page() { grep -qE -- "$1" "$tmp/study/index.html" || fail "'$1' is not on the page"; }

says '^2 models, 0 of them are finished$' study --set train.steps=6
for file in index.html schedules.png triangle.png noise.png reverse-reduced.png starts-reduced.png loss-reduced.png; do
  [ -s "$tmp/study/$file" ] || fail "the study leaves no $file"
done
grep -oE '(src|href)="[^"]*"' "$tmp/study/index.html" | sed 's/.*="//; s/"$//' | while read -r file; do
  [ -s "$tmp/study/$file" ] || fail "the page shows $file, which is not there"
done
page '<td>linear-unscaled<td><a href="runs/reduced-linear-unscaled/report.html">[0-9.]+ %, 0\.[0-9]{3}</a>; 4 samples after 6 steps'
page '<tr><th>real triangles<td>[0-9.]+ %, 0\.[0-9]{3}$'
page '^<tr><td>linear-unscaled<td>0.0481<td>0.219<td>0.0246$' # docs/theory/schedules.md
page 'With power10-unscaled, .* = 0.558: .* keeps 74.7 % of its amplitude.* 0.408 nats a pixel'
page 'figure 6.3' # high resolution, in the thesis' words
! grep -q 'figure 6.1\b' "$tmp/study/index.html" || fail "the page shows a drawing that was left out"

# What is finished stays as it is; what is not is taken up again.
tensors() { tail -c +$((9 + $(head -c 8 "$1/checkpoint.safetensors" | od -An -t u8))) "$1/checkpoint.safetensors"; } # the header holds the seconds
bytes() { { tensors "$first"; tensors "$second"; cat "$tmp/study/"*.png "$tmp/study/index.html"; } | sha256sum; }
before=$(bytes)
says '^2 models, 2 of them are finished$' "$ito" study "$triangles" --set train.steps=6 "${smaller[@]}" --n 4 --schedules linear-unscaled,power10-unscaled --drawings reduced --out "$tmp/study" # keys have no order
[ "$(bytes)" = "$before" ] || fail "a finished study is changed by a second call"
rm -r "$second"
says '^model 1 of 1: power10-unscaled, reduced$' study --set train.steps=6
[ "$(bytes)" = "$before" ] || fail "a model that is made again is another one"
says '^2 models, 0 of them are finished$' study --set train.steps=9
page 'linear-unscaled.*after 9 steps'
[ "$(wc -l <"$first/log.jsonl")" -eq 9 ] || fail "the log repeats or lacks steps"

"$ito" study "$triangles" "${smaller[@]}" --n 4 --schedules linear-unscaled --drawings exact --set train.steps=100000 --out "$tmp/stopped" >"$tmp/said" 2>/dev/null &
for _ in $(seq 600); do
  [ ! -s "$tmp/stopped/runs/exact-linear-unscaled/log.jsonl" ] || break
  sleep 0.05
done
kill -INT $!
wait $! || fail "exit code $? after an interrupt"
grep -q '^the same command goes on from there$' "$tmp/said" || fail "an interrupted study says nothing: $(cat "$tmp/said")"
step=$(wc -l <"$tmp/stopped/runs/exact-linear-unscaled/log.jsonl")
says ' steps in ' "$ito" study "$triangles" "${smaller[@]}" --n 4 --schedules linear-unscaled --drawings exact --set train.steps=$((step + 2)) --out "$tmp/stopped"
[ "$(wc -l <"$tmp/stopped/runs/exact-linear-unscaled/log.jsonl")" -eq $((step + 2)) ] || fail "an interrupted study does not go on where it was"

# ---- bad input: nothing is trained, and nothing lost
before=$(bytes)
refused "another configuration.*--out" study --set train.steps=9 --set train.lr=0.5
[ "$(bytes)" = "$before" ] || fail "a run of another configuration was changed"
new() { "$ito" study "$triangles" --out "$tmp/none" "$@"; }
refused "CONFIG is required" "$ito" study
refused "DDPM on triangles.*mnist" "$ito" study examples/mnist/ddpm.json --out "$tmp/none"
refused "no noise schedule 'powr'" new --schedules linear-unscaled,powr
refused "no way of drawing 'round'; there are: aliased reduced exact" new --drawings exact,round
refused "--minutes" new --minutes long
refused "--minutes must be positive" new --minutes 0
refused "--n must be at least 2" new --n 1
refused "nothing.png" new --image "$tmp/nothing.png"
refused "unknown key 'train.bach'" new --set train.bach=3
refused "must be x0, v or edm" new --schedules linear-unscaled-zero-snr --set diffusion.prediction=epsilon
[ ! -e "$tmp/none" ] || fail "there is a folder all the same"
mkdir "$tmp/site" && echo "my own page" >"$tmp/site/index.html"
refused "index.html of something else" "$ito" study "$triangles" --out "$tmp/site"
grep -q "my own page" "$tmp/site/index.html" || fail "a page that was there is lost"
touch "$tmp/file"
refused "cannot make the folder .*--out" "$ito" study "$triangles" --out "$tmp/file/study"
finish

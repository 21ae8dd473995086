# Every command and every program of the README works as it stands there.
source tests/scripts/common.bash

# Blocks of the given language, without their fences.
blocks() { awk -v fence="\`\`\`$1" '$0 == fence { inside = 1; next } /^```$/ { if (inside) print "@end"; inside = 0 } inside' README.md; }

# ---- programs: the README shows the files, and they run
blocks cpp >"$tmp/shown"
for name in gradient layer ddpm; do
  { cat "examples/programs/$name.cpp"; echo "@end"; } >>"$tmp/files"
done
diff "$tmp/files" "$tmp/shown" || fail "the README's programs are not those in examples/programs"
programs=$(dirname "$ito")
(cd "$tmp" && "$programs/program_gradient") | tee "$tmp/out"
grep -q '^ 1.38177  0.23913$' "$tmp/out" || fail "gradient: not sin 1 + cos 1, 2 cos 1 - sin 1"
(cd "$tmp" && "$programs/program_layer") | tee "$tmp/out"
awk '/step 400/ { exit !($4 < 0.01) }' "$tmp/out" || fail "layer: it did not learn"
(cd "$tmp" && "$programs/program_ddpm" 101) | tee "$tmp/out"
awk '/step 100/ { found = $4 < 0.4 } END { exit !found }' "$tmp/out" || fail "ddpm: it did not learn"
[ -s "$tmp/digits.png" ] || fail "ddpm: no digits.png"

# That of docs/theory/score-matching.md, with fewer steps.
(cd "$tmp" && "$programs/program_score_matching" 100) | tee "$tmp/out"
awk 'NR > 1 && ($1 == "denoising" ? $4 : $3) < 0.3 * $2 { ++learnt } END { exit learnt != 4 }' "$tmp/out" || fail "score_matching: it did not learn"

# ---- commands, in an empty folder that looks like the project; minutes become seconds, and samplers take fewer steps
mkdir "$tmp/project"
ln -s "$root"/{dev,examples,zoo,data} "$tmp/project"
mkdir "$tmp/project/build"
ln -s "$ito" "$tmp/project/build/ito"
blocks sh | grep -v '^@end' >"$tmp/commands"
while read -r command; do
  echo "README: $command"
  case "$command" in
    "./dev test") ;;  # is what runs here
    "./dev demo") (cd "$root" && ./dev demo "$tmp/demo" 0.1 --set sample.steps=5) ;;
    "build/ito train "*--resume) (cd "$tmp/project" && $command --set train.minutes=0.1 --set sample.steps=5) ;;
    "build/ito train examples/points/"*) (cd "$tmp/project" && $command --set train.minutes=0.05) ;;
    "build/ito train "*) (cd "$tmp/project" && ${command/train.minutes=10/train.minutes=0.05} --set sample.steps=5) ;;
    *" --sampler ancestral "*) (cd "$tmp/project" && $command --steps 50) ;;
    *" --steps 100 "*) (cd "$tmp/project" && ${command/--steps 100/--steps 20}) ;;
    *" --bpd --n 2") (cd "$tmp/project" && ${command/--n 2/--n 1}) ;;
    "build/ito "*) (cd "$tmp/project" && $command) ;;
    *) fail "a command that this test does not know: $command" ;;
  esac >"$tmp/out" 2>&1 || fail "$command: $(tail -3 "$tmp/out")"
done <"$tmp/commands"
[ "$(wc -l <"$tmp/commands")" -ge 10 ] || fail "the README has fewer commands than before"
for file in samples.png strip.png loss.png zoo.png scores.json zoo-scores.json report.html; do
  [ -s "$tmp/demo/$file" ] || fail "the demo leaves no $file"
done
for file in digits.png sevens.png triangles.png my-digits/model.safetensors my-digits/README.md corrected.png schedules.png noise.png runs/roll/samples.png; do
  [ -s "$tmp/project/$file" ] || fail "no $file"
done

# ---- links lead somewhere
grep -oE '\]\([a-z][^):]*\)' README.md | tr -d '])(' | while read -r link; do
  [ -e "$link" ] || fail "README links to $link, which is not there"
done
finish

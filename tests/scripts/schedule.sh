# What `ito schedule` and `ito strip` say and draw.
source tests/scripts/common.bash

says() { # says PATTERN COMMAND...
  local pattern=$1
  shift
  "$@" >"$tmp/said" || fail "exit code $?: $*"
  grep -qE -- "$pattern" "$tmp/said" || fail "'$pattern' is not in: $(cat "$tmp/said")"
}
size() { od -An -tu1 -j16 -N8 "$1" | tr -s ' '; } # width and height of a PNG, big-endian bytes

# sqrt(0.0481) and (log(1 - 0.0481)) / -2: the linear schedule of 300 steps stops too early, that of 1000 does not
says '^sqrt\(alpha-bar_T\) = 0.2192, KL to the prior = 0.02463 nats = 0.03553 bits' "$ito" schedule linear-unscaled --steps 300
says '^warning: the prior is not reached.*21.9 %' "$ito" schedule linear-unscaled --steps 300
says '^ +1000 +0.02 +4.036e-05' "$ito" schedule linear
! grep -q warning "$tmp/said" || fail "a warning about linear with 1000 steps"
says 'alpha-bar_T\) = 0, KL to the prior = 0 ' "$ito" schedule power10-unscaled-zero-snr --steps 300
! grep -q warning "$tmp/said" || fail "a warning about zero SNR"
says '^warning: the prior is not reached.*21.9 %' "$ito" train examples/triangles/ddpm.json --set model.base=8 --set data.size=8 --set data.count=60 \
  --set train.minutes=0 --set train.steps=1 --set train.batch=4 --set sample.steps=1 --out "$tmp/run"
# data of mean square 4: (0.0481 * 3 - log(1 - 0.0481)) / 2
says '= 0.09671 nats' "$ito" schedule linear-unscaled --steps 300 --x0 2
says 'of 2 schedules' "$ito" schedule linear cosine --out "$tmp/two.png"
[ "$(size "$tmp/two.png")" = " 0 0 2 128 0 0 2 208" ] || fail "640 x 720 expected, got$(size "$tmp/two.png")"

"$ito" data show triangles --n 1 --out "$tmp/image.png" >/dev/null # 32 x 32 doubled, with a border of 2: 68 x 68
says 'rows from the top: linear sine3 power2-unscaled' "$ito" strip "$tmp/image.png" --schedule linear,sine3,power2-unscaled --frames 4 \
  --out "$tmp/strip.png"
[ "$(size "$tmp/strip.png")" = " 0 0 1 26 0 0 0 212" ] || fail "282 x 212 expected, got$(size "$tmp/strip.png")" # 4 and 3 of 68 + 2, and 2
says 'strip2.png' "$ito" strip "$tmp/image.png" --schedule linear,sine3,power2-unscaled --frames 4 --out "$tmp/strip2.png"
cmp -s "$tmp/strip.png" "$tmp/strip2.png" || fail "two strips of one seed differ"
says 'colour.png' "$ito" strip "$tmp/two.png" --frames 2 --steps 5 --out "$tmp/colour.png"
finish

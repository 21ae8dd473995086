# Samples of which something is known: `ito sample --colour` and `--resample` on tiny models of triangles.
source tests/scripts/common.bash

for model in "grey 8 1" "colour 20 3"; do
  read -r name size channels <<<"$model"
  "$ito" train "$config" "${tiny[@]}" --set data.size=$size --set data.channels=$channels --set model.channels=$channels --set train.steps=3 \
    --out "$tmp/$name" >/dev/null 2>&1
done
# A triangle of 8 x 8 as a PNG is one of 20 x 20: every pixel doubled, with a border of 128 two pixels wide.
"$ito" sample "$tmp/grey" --n 1 --out "$tmp/grey.png" --npy "$tmp/grey.npy" >/dev/null 2>&1
"$ito" sample "$tmp/colour" --n 1 --out "$tmp/colour.png" >/dev/null 2>&1  # with a border, too: 44 x 44

floats() { tail -c +129 "$1" | od -An -v -tf4 -w4; }
# The largest |mean of channels - grey| of all pixels, and the largest |value|, of the images in a file.
compared() {
  floats "$tmp/grey.npy" >"$tmp/grey.txt"
  floats "$1" | awk -v greys="$tmp/grey.txt" '
    function abs(v) { return v < 0 ? -v : v }
    function most(a, b) { return a > b ? a : b }
    BEGIN { for (i = 0; i < 64; ++i) { getline v <greys; byte[i] = int(127.5 * ((v < -1 ? -1 : v > 1 ? 1 : v) + 1) + 0.5) } }
    {
      total += $1
      range = most(range, abs($1))
      if (NR % 3 == 0) {
        pixel = (NR / 3 - 1) % 400; r = int(pixel / 20) - 2; c = pixel % 20 - 2
        inside = r >= 0 && r < 16 && c >= 0 && c < 16
        wrong = most(wrong, abs(total / 3 - ((inside ? byte[int(r / 2) * 8 + int(c / 2)] : 128) / 127.5 - 1)))
        total = 0
      }
    }
    END { print wrong, range, NR }'
}
colour() { "$ito" sample "$tmp/colour" --n 2 --colour "$tmp/grey.png" --out "$tmp/out.png" --npy "$tmp/out.npy" "$@" >/dev/null 2>&1 || fail "exit code $?: --colour $*"; }
for options in "" "--resample 3" "--sampler ancestral --steps 10" "--sampler langevin --langevin-steps 5"; do
  colour $options
  compared "$tmp/out.npy" | tee "$tmp/compared"
  awk '{ exit !($1 < 1e-6 && $2 < 1 + 1e-6 && $3 == 2400) }' "$tmp/compared" || fail "--colour $options: the grey image is another, or values leave [-1, 1]"
  cp "$tmp/out.npy" "$tmp/all.npy"
done
colour
cp "$tmp/out.npy" "$tmp/once.npy"
colour --resample 3
! cmp -s "$tmp/once.npy" "$tmp/out.npy" || fail "--resample changes nothing"
colour --mask "$tmp/grey.png"
compared "$tmp/out.npy" | awk '{ exit !($1 > 0.01) }' || fail "--mask changes nothing"

refused "is 20x20 with 1 channels; here it must be 8x8" "$ito" sample "$tmp/grey" --inpaint "$tmp/grey.png" --mask "$tmp/grey.png"
refused "have 1 channels, where colours are 3" "$ito" sample "$tmp/grey" --colour "$tmp/grey.png"
refused "colour.png is 44x44 with 3 channels; here it must be 20x20 with 1" "$ito" sample "$tmp/colour" --colour "$tmp/colour.png"
refused "colour.png is 44x44 .* must be 20x20 with 1" "$ito" sample "$tmp/colour" --colour "$tmp/grey.png" --mask "$tmp/colour.png"
refused "--inpaint and --colour: give one of them" "$ito" sample "$tmp/colour" --colour "$tmp/grey.png" --inpaint "$tmp/grey.png" --mask "$tmp/grey.png"
refused "nothing.png" "$ito" sample "$tmp/colour" --colour "$tmp/nothing.png"
finish

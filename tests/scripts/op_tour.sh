# Every line of code that docs/op-tour.md shows stands in the file it names.
source tests/scripts/common.bash

awk '
  /`[a-z_\/]+\.(h|cpp)`$/ { match($0, /`[a-z_\/]+\.(h|cpp)`$/); file = substr($0, RSTART + 1, RLENGTH - 2) }
  /^```cpp$/ { inside = 1; next }
  /^```$/ { inside = 0; next }
  inside { print file "\t" $0 }' docs/op-tour.md >"$tmp/lines"
[ "$(wc -l <"$tmp/lines")" -gt 20 ] || fail "the tour shows no code"
while IFS=$'\t' read -r file line; do
  grep -qxF -- "$line" "$file" || fail "not in $file: $line"
done <"$tmp/lines"
"$ito" gradcheck softmax
finish

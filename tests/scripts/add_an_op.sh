# docs/add-an-op.md does what it says: its five files make an op that passes the checks, and the mistake it proposes is found.
# The files are compiled beside the sources, with the flags of an op that is there, and linked with the program's own objects: this tests the page in
# seconds and leaves the sources alone.
source tests/scripts/common.bash
build=$(dirname "$ito")

# Each code block follows a paragraph that ends with the file's name in backquotes.
awk -v to="$tmp" '
  /`[a-z_\/]+\.(h|cpp)`$/ { match($0, /`[a-z_\/]+\.(h|cpp)`$/); file = substr($0, RSTART + 1, RLENGTH - 2) }
  /^```cpp$/ { if (file == "") exit 1; path = to "/" file; folder = path; sub(/\/[^\/]*$/, "", folder); system("mkdir -p " folder); inside = 1; next }
  /^```$/ { inside = 0; file = ""; next }
  inside { print > path }' docs/add-an-op.md
[ "$(find "$tmp" -name 'rms_norm*' -type f | wc -l)" -eq 5 ] || fail "the page has not five files"

# compile NEW LIKE: the new file with the command of an old one.
compile() {
  local flags
  flags=$(awk -v file="$root/$2\"" 'index($0, "\"command\"") { command = $0 } index($0, "\"file\"") && index($0, file) { print command; exit }' "$build/compile_commands.json" |
    sed -E 's/^ *"command": "//; s/",$//; s/ -o .*$//; s/\\"/"/g')
  [ -n "$flags" ] || fail "no command for $2"
  (cd "$build" && eval "$flags -I$tmp -c $tmp/$1 -o $tmp/$(basename "$1").o")
}
link_and_check() {
  local link
  link=$(ninja -C "$build" -t commands ito | tail -1 | sed -E 's/ && :$//; s/^: && //')
  (cd "$build" && eval "${link/ -o ito/ $tmp/*.o -o $tmp/ito}")
  "$tmp/ito" gradcheck rms_norm
}

compile kernels/rms_norm/rms_norm_cpu.cpp kernels/softmax/softmax_cpu.cpp
compile autograd/ops/rms_norm.cpp autograd/ops/softmax.cpp
compile tests/cases/rms_norm_cases.cpp tests/cases/softmax_cases.cpp
link_and_check || fail "the op of the page does not pass"

sed -i 's/s \* s \* double(x\[c\]) \* dot/double(x[c]) * dot/' "$tmp/kernels/rms_norm/rms_norm_cpu.cpp"
compile kernels/rms_norm/rms_norm_cpu.cpp kernels/softmax/softmax_cpu.cpp
if link_and_check >"$tmp/found" 2>&1; then fail "the planted mistake is not found"; fi
grep -q "gradient" "$tmp/found" || fail "the mistake is not called one of the gradient: $(head -5 "$tmp/found")"
finish

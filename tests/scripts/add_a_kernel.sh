# docs/add-a-kernel.md does what it says: its file makes a variant that passes every check, and without the barrier the checker names the line.
source tests/scripts/common.bash
build=$(dirname "$ito")
"$ito" kernels list softmax_forward | grep -q ' cuda ' || { echo "skipped: this build has no emulated cuda device (ITO_CUDA=OFF)"; exit 0; }

new=kernels/softmax/softmax_shared_cuda.cu
mkdir -p "$tmp/$(dirname "$new")"
awk '/^```cpp$/ { inside = 1; next } /^```$/ { inside = 0 } inside' docs/add-a-kernel.md >"$tmp/$new"
grep -q 'ITO_REGISTER_KERNEL' "$tmp/$new" || fail "the page has no kernel"

# The new file with both commands, plain and traced, of a CUDA file that is there; linked with the program's own objects.
compile() {
  local set flags
  for set in plain checked; do
    flags=$(ninja -C "$build" -t commands ito | grep -E "ito_cuda_$set.dir/kernels/softmax/softmax_cuda.cu.o -c" | sed -E 's/ -M[DTF].*$//')
    [ -n "$flags" ] || { fail "no command for the $set set"; return; }
    (cd "$build" && eval "$flags -I$tmp -o $tmp/$set.o -c $tmp/$new")
  done
  link=$(ninja -C "$build" -t commands ito | tail -1 | sed -E 's/ && :$//; s/^: && //')
  (cd "$build" && eval "${link/ -o ito/ $tmp/*.o -o $tmp/ito}")
}
check() { "$tmp/ito" kernels check softmax_forward --device cuda --variant shared --checked; }

compile
check || fail "the kernel of the page does not pass"
"$tmp/ito" kernels bench softmax_forward --device cuda --variant shared | tee "$tmp/counts"
grep -q shared "$tmp/counts" || fail "no counts of the new variant"

line=$(grep -n 'all have read the maximum' "$tmp/$new" | cut -d: -f1)
sed -i "${line}s/__syncthreads();//" "$tmp/$new"
compile
if check >"$tmp/found" 2>&1; then fail "nobody misses the barrier"; fi
said=$(grep -F 'softmax_shared_cuda.cu:' docs/add-a-kernel.md | grep '^\[')
grep -qF "$said" "$tmp/found" || fail "the report is not the page's: $(head -5 "$tmp/found")"
finish

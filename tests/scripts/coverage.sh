# docs/coverage.md has every row of the zoo's first part, and names files that are there; tests named for a row mention it.
source tests/scripts/common.bash

expected() {
  seq -f "A-%03.0f" 1 11
  seq -f "A-%03.0f" 14 17
  seq -f "A-%03.0f" 30 46
  seq -f "A-%03.0f" 50 57
  seq -f "A-%03.0f" 60 71
  seq -f "A-%03.0f" 80 95
  seq -f "A-%03.0f" 190 201
  printf 'A-%s\n' 222 223 224 225 236 246
}
listed=$(grep -oE '^\| A-[0-9]{3} ' docs/coverage.md | tr -d '| ')
diff <(expected) <(echo "$listed") || fail "docs/coverage.md: rows are missing, out of order or not of this part"
while IFS='|' read -r _ row _ where _; do
  row=${row// /}
  files=$(grep -oE '`[^`]+`' <<<"$where" | tr -d '`') || true
  [ -n "$files" ] || [ "${where// /}" = todo ] || fail "docs/coverage.md: $row names no file and does not say: to do"
  for file in $files; do
    [ -f "$file" ] || fail "docs/coverage.md: $row names $file, which is not there"
    [[ $file != tests/*.cpp ]] || [ "$row" = A-198 ] || [ "$row" = A-200 ] || grep -qw -- "$row" "$file" || fail "docs/coverage.md: $file does not mention $row"
  done
done < <(grep -E '^\| A-' docs/coverage.md)
finish

#!/bin/sh
# Writes to standard output what the command line tools lz4, zstd and gzip make of the sample, as JSON of base64:
#   sh test/peers/make-stream-fixtures.sh > test/fixtures/record/streams.json
# The sample is `seq 100` 520 times (151,840 bytes), so that LZ4 needs three blocks of 64 KiB.
set -eu
sample() { for _ in $(seq 520); do seq 100; done; }
entry() { printf '%s{"type":"%s","name":"%s","bytes":"%s"}' "$1" "$2" "$3" "$(base64 -w0)"; }
skippable() { printf '\122\052\115\030\005\000\000\000hello'; }

echo '['
sample | lz4 -c -B4 -BI | entry '' lz4 'independent blocks, content checksum'
sample | lz4 -c -B4 -BD --no-frame-crc | entry ',
' lz4 'dependent blocks'
sample > "${TMPDIR:-/tmp}/streamkeeper-sample" && lz4 -c -B4 -BD -BX --content-size "${TMPDIR:-/tmp}/streamkeeper-sample" | entry ',
' lz4 'dependent blocks, block checksums, content size'
sample | lz4 -c -9 -B7 | entry ',
' lz4 'blocks of 4 MiB, high compression'
{ seq 100 | lz4 -c; skippable; for _ in $(seq 519); do seq 100; done | lz4 -c; } | entry ',
' lz4 'two frames around a skippable one'
sample | zstd -c | entry ',
' zstd 'one frame'
sample | zstd -c --ultra -22 --long=27 | entry ',
' zstd 'window of 128 MiB'
{ seq 100 | zstd -c; skippable; for _ in $(seq 519); do seq 100; done | zstd -c; } | entry ',
' zstd 'two frames around a skippable one'
sample | gzip -nc9 | entry ',
' gzip 'one member'
{ seq 100 | gzip -nc; for _ in $(seq 519); do seq 100; done | gzip -nc; } | entry ',
' gzip 'two members'
echo
echo ']'
rm -f "${TMPDIR:-/tmp}/streamkeeper-sample"

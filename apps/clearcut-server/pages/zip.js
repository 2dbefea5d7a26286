// A ZIP archive of files that are compressed already: stored one after the other.

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function checksum(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/** Packs `[{name, blob}]`; names that stand there twice get a number. */
export async function pack(files) {
  const parts = [];
  const directory = [];
  const names = new Set();
  let offset = 0;
  for (const { name, blob } of files) {
    const encoded = new TextEncoder().encode(unused(name, names));
    const sum = checksum(new Uint8Array(await blob.arrayBuffer()));
    // Version 2.0, names in UTF-8 (bit 11), stored, midnight of 1980-01-01.
    const shared = [[2, 20], [2, 0x800], [2, 0], [2, 0], [2, 33], [4, sum], [4, blob.size], [4, blob.size], [2, encoded.length], [2, 0]];
    const head = record([[4, 0x04034b50], ...shared]);
    parts.push(head, encoded, blob);
    directory.push(record([[4, 0x02014b50], [2, 20], ...shared, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]]), encoded);
    offset += head.length + encoded.length + blob.size;
  }
  const length = directory.reduce((sum, part) => sum + part.length, 0);
  const end = record([[4, 0x06054b50], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, length], [4, offset], [2, 0]]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}

function unused(name, names) {
  const dot = name.lastIndexOf(".");
  let tried = name;
  for (let count = 2; names.has(tried); count += 1) tried = `${name.slice(0, dot)}-${count}${name.slice(dot)}`;
  names.add(tried);
  return tried;
}

/** `[bytes, value]` after one another, the lowest byte first. */
function record(fields) {
  const bytes = [];
  for (const [count, value] of fields) {
    for (let index = 0; index < count; index += 1) bytes.push((value / 2 ** (8 * index)) & 255);
  }
  return Uint8Array.from(bytes);
}

// A zip archive without compression: a record of several files goes through the upload road as one file.
import type { Named } from "./types";

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

export function crc32(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

function numbers(...given: [value: number, bytes: 2 | 4][]): Uint8Array {
  const made = new Uint8Array(given.reduce((sum, [, bytes]) => sum + bytes, 0));
  const view = new DataView(made.buffer);
  let at = 0;
  for (const [value, bytes] of given) {
    if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += bytes;
  }
  return made;
}

// 1 January 1980, the first day that a zip archive can name.
const DAY = 33;
const UTF8 = 0x0800;

export async function zipped(files: Named[]): Promise<Blob> {
  const parts: BlobPart[] = [];
  const entries: BlobPart[] = [];
  let offset = 0;
  let listed = 0;
  for (const { path, blob } of files) {
    const name = new TextEncoder().encode(path.split("/").pop());
    const data = new Uint8Array(await blob.arrayBuffer());
    const shared: [number, 2 | 4][] = [[UTF8, 2], [0, 2], [0, 2], [DAY, 2], [crc32(data), 4], [data.length, 4], [data.length, 4], [name.length, 2], [0, 2]];
    const local = numbers([0x04034b50, 4], [20, 2], ...shared);
    const central = numbers([0x02014b50, 4], [20, 2], [20, 2], ...shared, [0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]);
    parts.push(local as BlobPart, name as BlobPart, blob);
    entries.push(central as BlobPart, name as BlobPart);
    offset += local.length + name.length + data.length;
    listed += central.length + name.length;
  }
  const end = numbers([0x06054b50, 4], [0, 2], [0, 2], [files.length, 2], [files.length, 2], [listed, 4], [offset, 4], [0, 2]);
  return new Blob([...parts, ...entries, end as BlobPart]);
}

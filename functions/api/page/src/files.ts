// Dropped and chosen files, and which of them form one record. The service decides in the end.
import type { Named } from "./types";

const HEADER = /\.hea$/i;
// Annotations, which stand beside the signals of a record.
const ANNOTATIONS = /\.(atr|ari|ann|qrs\w*|xws|man|marker|st[-\w]|pu\d?|q\d\w)$/i;
// Files of operating systems.
const HIDDEN = /(^|\/)(\.|Thumbs\.db$|desktop\.ini$|__MACOSX)/i;
const MAX_HEADER_BYTES = 200_000;

export interface Grouped {
  records: { name: string; files: Named[] }[];
  // Files beside a record that are no part of it, such as annotations.
  beside: number;
}

export function chosen(list: FileList): Named[] {
  return [...list].map((file) => ({ path: file.webkitRelativePath || file.name, blob: file }));
}

// The files of a drop, folders included. The items must be read before the first wait.
export async function dropped(transfer: DataTransfer): Promise<Named[]> {
  const entries = [...transfer.items].map((item) => (item.kind === "file" ? item.webkitGetAsEntry() : null));
  const plain = chosen(transfer.files);
  if (entries.every((entry) => entry === null)) return plain;
  const found: Named[] = [];
  for (const entry of entries) if (entry) await walk(entry, "", found);
  return found;
}

async function walk(entry: FileSystemEntry, folder: string, found: Named[]): Promise<void> {
  const path = folder + entry.name;
  if (entry.isFile) {
    const blob = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    found.push({ path, blob });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // A reader hands over a part of the folder at each call.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return;
    for (const child of some) await walk(child, `${path}/`, found);
  }
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

function stemOf(path: string): string {
  return path.replace(/\.[^./]*$/, "");
}

// The names that a WFDB header asks for. A name without extension is the header of a segment.
function asked(text: string): string[] {
  const lines = text.split(/\r\n|\r|\n/).map((line) => line.trim()).filter((line) => line && !line.startsWith("#"));
  const [record = "", count = ""] = (lines[0] ?? "").split(/\s+/);
  const segments = record.includes("/");
  const rows = segments ? Number(record.split("/")[1]) : Number(count.split("/")[0]);
  const names = lines.slice(1, 1 + (rows || 0)).map((line) => line.split(/\s+/)[0]);
  return [...new Set(names)].filter((name) => name !== "~").map((name) => (segments ? `${name}.hea` : name));
}

export async function grouped(all: Named[]): Promise<Grouped> {
  const files = all.filter((file) => !HIDDEN.test(file.path));
  const byPath = new Map(files.map((file) => [file.path.toLowerCase(), file]));
  const wants = new Map<Named, Named[]>();
  for (const header of files.filter((file) => HEADER.test(file.path))) {
    const text = await header.blob.slice(0, MAX_HEADER_BYTES).text();
    const names = asked(text).map((name) => (folderOf(header.path) + name).toLowerCase());
    wants.set(header, names.map((name) => byPath.get(name)).filter((file) => file !== undefined));
  }
  const segments = new Set([...wants.values()].flat().filter((file) => wants.has(file)));
  const used = new Set<Named>();
  const records: Grouped["records"] = [];
  for (const header of wants.keys()) {
    if (segments.has(header)) continue;
    const parts = new Set<Named>();
    collect(header, wants, parts);
    parts.forEach((part) => used.add(part));
    records.push({ name: header.path, files: [...parts] });
  }
  const stems = new Set([...wants.keys()].map((header) => stemOf(header.path)));
  let beside = 0;
  for (const file of files) {
    if (used.has(file)) continue;
    if (ANNOTATIONS.test(file.path) && stems.has(stemOf(file.path))) beside++;
    else records.push({ name: file.path, files: [file] });
  }
  records.sort((one, other) => one.name.localeCompare(other.name, undefined, { numeric: true }));
  return { records, beside };
}

function collect(file: Named, wants: Map<Named, Named[]>, parts: Set<Named>): void {
  if (parts.has(file)) return;
  parts.add(file);
  for (const part of wants.get(file) ?? []) collect(part, wants, parts);
}

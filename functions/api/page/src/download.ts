// Hands a file to the person.
import { h } from "./dom";

const KEPT_MS = 10_000;

export function download(name: string, content: BlobPart, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = h("a", { href: url, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}

// ECG.hea -> ECG: the name of a record without folders and extension.
export function stem(name: string): string {
  return (name.split("/").pop() ?? "").replace(/\.[^.]*$/, "") || "ecg";
}

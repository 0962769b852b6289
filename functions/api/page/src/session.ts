// What the page remembers until the tab is closed: the key, the language, the colours. Nothing of an ECG.

export function recall(name: string): string {
  try {
    return sessionStorage.getItem(`ekg-${name}`) ?? "";
  } catch {
    return "";
  }
}

export function remember(name: string, value: string): void {
  try {
    if (value) sessionStorage.setItem(`ekg-${name}`, value);
    else sessionStorage.removeItem(`ekg-${name}`);
  } catch {
    // A browser may forbid it. Then the value lives as long as the page.
  }
}

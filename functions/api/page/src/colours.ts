// The colours of the page, and of the sheets on it.
import { DARK, type Inks, PRINTED } from "./sheet";

// Draws again when the colours of the page change, as long as the element is on the page.
export function onColours(element: Element, redraw: () => void): void {
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const changed = (): void => {
    if (element.isConnected) redraw();
    else {
      scheme.removeEventListener("change", changed);
      removeEventListener("colours", changed);
    }
  };
  scheme.addEventListener("change", changed);
  addEventListener("colours", changed);
}

// The colours of the sheet follow those of the page.
export function inksOf(element: Element): Inks {
  return getComputedStyle(element).getPropertyValue("--sheet").trim() === "dark" ? DARK : PRINTED;
}

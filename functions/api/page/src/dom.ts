// Makes elements. Text always becomes a text node, so no name and no message is ever read as HTML.

export type Child = Node | string | null | undefined | false | Child[];
type Attributes = Record<string, string | number | boolean | null | undefined | ((event: never) => void)>;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value as EventListener);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, String(value));
  }
  append(made, children);
  return made;
}

export function append(parent: Node, children: Child[]): void {
  for (const child of children) {
    if (Array.isArray(child)) append(parent, child);
    else if (child) parent.appendChild(typeof child === "string" ? document.createTextNode(child) : child);
  }
}

export function fill(parent: Element, ...children: Child[]): void {
  parent.replaceChildren();
  append(parent, children);
}

export function svg(tag: string, attributes: Record<string, string | number>, text = ""): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  if (text) made.textContent = text;
  return made;
}

// A checkbox with its label.
export function toggle(label: string, on: boolean, change: (on: boolean) => void, attributes: Attributes = {}): HTMLLabelElement {
  const box = h("input", { type: "checkbox", checked: on, ...attributes });
  box.addEventListener("change", () => change(box.checked));
  return h("label", { class: "toggle" }, box, label);
}

// A list of choices with its label.
export function choice(
  label: string,
  values: [value: string, shown: string][],
  chosen: string,
  change: (value: string) => void,
  attributes: Attributes = {},
): HTMLLabelElement {
  const list = h(
    "select",
    attributes,
    values.map(([value, shown]) => h("option", { value, selected: value === chosen }, shown)),
  );
  list.addEventListener("change", () => change(list.value));
  return h("label", { class: "choice" }, h("span", {}, label), list);
}

// Mouse, touch and keyboard on the paper.
import type { Point } from "./calipers";
import type { View } from "./view";

const STEP_PX = 60;
const NUDGE_MM = 0.5;
const WHEEL = 0.002;

// frame: the focusable element around the canvas. toggled: called when a key turned the calipers on or off.
export function listen(frame: HTMLElement, view: View, toggled: () => void): void {
  const { canvas } = view;
  const pointers = new Map<number, Point>();
  let apart = 0;

  const place = (event: MouseEvent): Point => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    const point = place(event);
    pointers.set(event.pointerId, point);
    apart = 0;
    if (view.calipers.on && pointers.size === 1) {
      view.calipers.from = view.caliperAt(point.x, point.y);
      view.calipers.to = null;
    }
    frame.focus({ preventScroll: true });
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = place(event);
    pointers.set(event.pointerId, now);
    if (pointers.size === 2) {
      const [one, other] = [...pointers.values()];
      const distance = Math.hypot(one.x - other.x, one.y - other.y);
      if (apart) view.zoom(distance / apart, (one.x + other.x) / 2, (one.y + other.y) / 2);
      apart = distance;
      view.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    } else if (view.calipers.on) {
      view.calipers.to = view.caliperAt(now.x, now.y);
      view.redraw();
    } else {
      view.pan(now.x - before.x, now.y - before.y);
    }
  });
  const released = (event: PointerEvent): void => {
    pointers.delete(event.pointerId);
    apart = 0;
  };
  canvas.addEventListener("pointerup", released);
  canvas.addEventListener("pointercancel", released);
  canvas.addEventListener("dblclick", (event) => {
    const { x, y } = place(event);
    if (!view.calipers.on) view.zoom(2, x, y);
  });
  canvas.addEventListener(
    "wheel",
    (event) => {
      const { x, y } = place(event);
      // A pinch on a touchpad comes as a wheel with Ctrl. A wheel alone scrolls the page.
      if (event.ctrlKey || event.metaKey) view.zoom(Math.exp(-event.deltaY * 5 * WHEEL), x, y);
      else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) view.pan(-event.deltaX, 0);
      else if (event.shiftKey) view.pan(-event.deltaY, 0);
      else return;
      event.preventDefault();
    },
    { passive: false },
  );
  frame.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (pressed(event.key, event.shiftKey, view, toggled)) event.preventDefault();
  });
}

function pressed(key: string, shift: boolean, view: View, toggled: () => void): boolean {
  const arrows: Record<string, Point> = {
    ArrowLeft: { x: -1, y: 0 }, ArrowRight: { x: 1, y: 0 }, ArrowUp: { x: 0, y: -1 }, ArrowDown: { x: 0, y: 1 },
  };
  const arrow = arrows[key];
  if (arrow && view.calipers.on) view.nudge(shift ? "from" : "to", arrow.x * NUDGE_MM, arrow.y * NUDGE_MM);
  else if (arrow) view.pan(-arrow.x * STEP_PX * (shift ? 4 : 1), -arrow.y * STEP_PX);
  else if (key === "+" || key === "=") view.zoomIn();
  else if (key === "-") view.zoomOut();
  else if (key === "0") view.fitAll();
  else if (key === "Home") view.scrollTo(0);
  else if (key === "End") view.scrollTo(Infinity);
  else if (key === "PageDown") view.scrollTo(view.startS + view.layout.rowS);
  else if (key === "PageUp") view.scrollTo(view.startS - view.layout.rowS);
  else if (key.toLowerCase() === "c" || (key === "Escape" && view.calipers.on)) {
    view.calipers.on = !view.calipers.on;
    view.redraw();
    toggled();
  } else return false;
  return true;
}

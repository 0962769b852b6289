// The grid on the screen. It stays where it is while the recording is scrolled, so its picture is kept.
import { CanvasPen } from "./pen";
import { drawGrid, type Inks } from "./sheet";

export const MAX_LINE_PX = 2;

// What of the paper is shown: from left and top in mm, at so many pixels a mm. fine: with a line for each millimetre.
interface Part {
  scale: number;
  left: number;
  top: number;
  fine: boolean;
}

export class Grid {
  private key = "";
  private readonly canvas = document.createElement("canvas");

  picture(width: number, height: number, { scale, left, top, fine }: Part, inks: Inks): HTMLCanvasElement {
    const { canvas } = this;
    const key = [width, height, scale, left, top, fine, inks.paper].join(" ");
    if (this.key === key) return canvas;
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d", { alpha: false });
    if (context) {
      context.fillStyle = inks.paper;
      context.fillRect(0, 0, width, height);
      context.setTransform(scale, 0, 0, scale, -left * scale, -top * scale);
      drawGrid(new CanvasPen(context, scale, 1, MAX_LINE_PX * (window.devicePixelRatio || 1)), inks, fine);
    }
    this.key = key;
    return canvas;
  }
}

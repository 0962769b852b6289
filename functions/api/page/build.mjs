// Writes the files that the service sends: build.mjs [FOLDER], without a folder into built/.
import { build } from "esbuild";
import { copyFile, mkdir } from "node:fs/promises";

const folder = process.argv[2] ?? "built";
await mkdir(folder, { recursive: true });
await build({
  entryPoints: { app: "src/main.ts" },
  outdir: folder,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["chrome109", "firefox115", "safari16"],
  charset: "utf8",
  legalComments: "none",
});
await build({ entryPoints: { app: "src/app.css" }, outdir: folder, minify: true, target: ["chrome109", "firefox115", "safari16"] });
await copyFile("src/index.html", `${folder}/index.html`);

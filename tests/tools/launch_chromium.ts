import { type Browser, chromium } from "playwright-core";
import { findChromium } from "./chromium.ts";

const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts a headless Chromium with a fresh profile, or answers `null` where there is none and none is required. */
export async function launchChromium(): Promise<Browser | null> {
  const executablePath = await findChromium();
  return executablePath === null ? null : await chromium.launch({ executablePath, args: ARGUMENTS });
}

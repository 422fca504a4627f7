// What the walks share: Debian's Chromium, the screens of people, and what every page must be.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";

import AxeBuilder from "@axe-core/playwright";
import { chromium } from "playwright-core";

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
assert(executablePath, "no Chromium on this machine");

export const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
export const DESK = { viewport: { width: 1280, height: 900 } };

/** What axe found, and where; a walk goes on, so that one run tells all. */
const barriers = new Map();

/** Has axe look at a page and at all the frames in it; `without` names rules that do not hold there. */
export async function accessible(page, where, without = []) {
  const { violations } = await new AxeBuilder({ page }).disableRules(without).analyze();
  for (const one of violations) {
    const told = `${one.id} (${one.impact}): ${one.help}: ${one.nodes.map((node) => node.target.join(" ")).join(", ")}`;
    barriers.set(told, [...(barriers.get(told) ?? []), where]);
  }
}

/** Fails with all that axe found. */
export function noBarriers() {
  const told = [...barriers].map(([barrier, pages]) => `${barrier}\n    on ${pages.length} pages, such as: ${pages.slice(0, 3).join("; ")}`);
  if (told.length > 0) throw new Error(`axe finds ${told.length} barriers:\n  ${told.join("\n  ")}`);
}

/** What every page, or frame, must be: titled, with one heading, as wide as its screen. */
export async function wellMade(page, where) {
  assert.notEqual((await page.title()).trim(), "", `${where}: no title`);
  assert.equal(await page.locator("h1").count(), 1, `${where}: one heading`);
  const [content, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  assert(content <= screen, `${where}: ${content} px of page on ${screen} px of screen`);
}

/** All that the browser complains of on a page, as it comes. */
export function complaintsOf(page) {
  const complaints = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  return complaints;
}

/** Runs `work` with a browser, and closes it whatever happens. */
export async function withBrowser(work) {
  const browser = await chromium.launch({
    executablePath,
    // Chromium keeps its own sandbox from root, and CI is root.
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
  });
  try {
    await work(browser);
  } finally {
    await browser.close();
  }
}

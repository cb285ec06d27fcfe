import dom from "./dom.js" with { type: "text" };
import favicon from "./favicon.svg" with { type: "text" };
import linkRows from "./link_rows.js" with { type: "text" };
import followRun from "./follow_run.js" with { type: "text" };
import html from "./page.html" with { type: "text" };
import page from "./page.js" with { type: "text" };
import style from "./page.css" with { type: "text" };
import pageUrl from "./page_url.js" with { type: "text" };
import runEvents from "./run_events.js" with { type: "text" };
import runLog from "./run_log.js" with { type: "text" };
import runView from "./run_view.js" with { type: "text" };
import runsApi from "./runs_api.js" with { type: "text" };

/** A file of the page. */
export interface Asset {
  readonly type: string;
  readonly text: string;
}

const HTML = "text/html; charset=utf-8";
const SCRIPT = "text/javascript; charset=utf-8";
const STYLE = "text/css; charset=utf-8";

/** All files of the page, by the path they are served at. */
export const ASSETS: Readonly<Record<string, Asset>> = {
  "/": { type: HTML, text: html },
  "/dom.js": { type: SCRIPT, text: dom },
  "/favicon.svg": { type: "image/svg+xml", text: favicon },
  "/follow_run.js": { type: SCRIPT, text: followRun },
  "/link_rows.js": { type: SCRIPT, text: linkRows },
  "/page.css": { type: STYLE, text: style },
  "/page.js": { type: SCRIPT, text: page },
  "/page_url.js": { type: SCRIPT, text: pageUrl },
  "/run_events.js": { type: SCRIPT, text: runEvents },
  "/run_log.js": { type: SCRIPT, text: runLog },
  "/run_view.js": { type: SCRIPT, text: runView },
  "/runs_api.js": { type: SCRIPT, text: runsApi },
};

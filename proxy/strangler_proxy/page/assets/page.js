// What every page does beside showing itself: it follows the control plane, keeps times true, and listens to keys.
//
// One stream of news for a page that is looked at. It dispatches `strangler:tick` (every two seconds) and
// `strangler:moved` (another revision) on the body, for parts to ask for themselves anew:
//   hx-get="/room/…" hx-trigger="strangler:tick from:body" hx-swap="morph:innerHTML" (or morph:outerHTML)
// A form that somebody has begun to fill in is left as it is, whatever becomes of all around it, and a part with a menu
// or dialog open is left alone until that is closed; one with `data-steady` also while it is pointed at or has the focus.
"use strict";

(() => {
  const SILENT_MS = 6000;
  const BACK = "/room/back";
  const body = document.body;
  const banner = document.getElementById("live");

  // Times, in the reader's zone.

  const LARGEST = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const lasting = (seconds) => {
    const whole = Math.round(Math.abs(seconds));
    const at = LARGEST.findIndex(([, size]) => whole >= size);
    if (at < 0) return "";
    const [unit, size] = LARGEST[at];
    const rest = LARGEST[at + 1] ? Math.floor((whole % size) / LARGEST[at + 1][1]) : 0;
    return `${Math.floor(whole / size)} ${unit}${rest ? ` ${rest} ${LARGEST[at + 1][0]}` : ""}`;
  };
  const tellTimes = (within) => {
    for (const each of within.querySelectorAll("time[data-time]")) {
      const when = new Date(each.dateTime);
      if (Number.isNaN(when.getTime())) continue;
      const whole = when.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
      each.title = `${whole} (${each.dateTime})`;
      const kind = each.dataset.time;
      let text = whole;
      if (kind === "day") text = when.toLocaleDateString(undefined, { dateStyle: "medium" });
      if (kind === "ago") {
        const seconds = (Date.now() - when.getTime()) / 1000;
        const told = lasting(seconds);
        text = !told ? "now" : seconds > 0 ? `${told} ago` : `in ${told}`;
      }
      if (each.textContent !== text) each.textContent = text;
    }
  };
  tellTimes(document);
  setInterval(() => tellTimes(document), 1000);

  // News.

  let news = null;
  let heard = Date.now();
  let stale = [];
  let retry = 0;
  let over = false;
  let held = null;

  const OVER = "Your session is over, and nothing here follows any more. What you wrote is still here: take it along before you sign in again.";
  const silence = () => {
    const lines = [`Not live: last heard of the control plane ${lasting((Date.now() - heard) / 1000)} ago. What you see is as it was then; it comes back by itself.`];
    if (held) lines.push("Nothing was sent: what you wrote would be lost if nobody answers. Send it once more to try all the same.");
    return lines;
  };
  const tellOver = () => {
    over = true;
    tellBanner();
  };
  const isSilent = () => body.dataset.live && Date.now() - heard > SILENT_MS;
  const tellBanner = () => {
    const silent = isSilent();
    if (!silent) held = null;
    body.classList.toggle("not-live", silent || over);
    const lines = over ? [OVER] : silent ? silence() : stale;
    const text = lines.join("\n");
    if (banner.dataset.text === text) return;
    banner.dataset.text = text;
    banner.hidden = !lines.length;
    banner.classList.toggle("bad", silent || over);
    const list = document.createElement("ul");
    for (const line of lines) {
      const item = document.createElement("li");
      for (const [number, words] of line.split("`").entries()) {
        if (number % 2) item.append(Object.assign(document.createElement("code"), { textContent: words }));
        else item.append(words);
      }
      list.append(item);
    }
    banner.replaceChildren(list);
  };

  // What was told of a move is past once something else has moved, and whoever read on has read it.
  const NOTICE_MS = 5000;
  const noticed = Date.now();
  const putAwayNotice = () => {
    const notice = document.getElementById("notice");
    if (!notice || notice.classList.contains("bad")) return;
    setTimeout(() => {
      if (!notice.contains(document.activeElement)) notice.remove();
    }, Math.max(0, noticed + NOTICE_MS - Date.now()));
  };

  const dispatch = (name, detail) => body.dispatchEvent(new CustomEvent(name, { detail }));

  const listen = () => {
    if (news || over || document.hidden || !body.dataset.live) return;
    const source = new EventSource(body.dataset.live);
    news = source;
    source.addEventListener("tick", (event) => {
      const tick = JSON.parse(event.data);
      heard = Date.now();
      retry = 0;
      stale = tick.stale;
      if (tick.role !== body.dataset.role && mayReload()) location.reload();
      for (const each of document.querySelectorAll("[data-revision-shown]")) each.textContent = tick.revision;
      if (String(tick.revision) !== body.dataset.revision) {
        body.dataset.revision = tick.revision;
        putAwayNotice();
        dispatch("strangler:moved", tick);
      }
      dispatch("strangler:tick", tick);
      tellBanner();
    });
    source.addEventListener("over", () => {
      stop();
      if (mayReload()) location.reload();
      else tellOver();
    });
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) return;
      // The browser has given up; we do not.
      stop();
      retry = Math.min(retry + 1, 5);
      setTimeout(listen, retry * 1000);
    });
  };
  const stop = () => {
    if (news) news.close();
    news = null;
  };
  if (body.dataset.live) {
    listen();
    setInterval(tellBanner, 500);
    document.addEventListener("visibilitychange", () => {
      // A browser opens six connections to one host, and each hidden tab would hold one.
      if (document.hidden) stop();
      else {
        heard = Math.max(heard, Date.now() - SILENT_MS + 2000);
        listen();
      }
    });
    addEventListener("pagehide", stop);
    addEventListener("pageshow", (event) => {
      // Out of the browser's memory, as after signing out and going back: it may be nobody's to see any more.
      if (event.persisted) location.reload();
    });
  }

  // Parts that ask for themselves anew.

  // Whether a field says another thing than it did at first.
  const changed = (field) => {
    if (field.tagName === "SELECT") {
      const options = [...field.options];
      return options.some((each) => each.defaultSelected) && options.some((each) => each.selected !== each.defaultSelected);
    }
    if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
    return field.value !== field.defaultValue;
  };
  const FIELDS = "input:not([type=hidden]), select, textarea";
  // Whether somebody has begun to fill a form in, or has sent it, or got it back (`data-kept`) with what they wrote.
  const begun = (form) => {
    const at = document.activeElement;
    const writing = form.contains(at) && at.matches(FIELDS);
    return writing || "sent" in form.dataset || "kept" in form.dataset || [...form.querySelectorAll(FIELDS)].some(changed);
  };
  const begunIn = (node) => node.nodeType === Node.ELEMENT_NODE
    && ((node.matches("form") && begun(node)) || [...node.querySelectorAll("form")].some(begun));
  const opened = (part) => part.querySelector("dialog[open], details.menu[open]") !== null
    || ("steady" in part.dataset && part.matches(":hover, :focus-within"));
  // An answer to a form would be asked for by sending the form again, which nobody has said.
  const mayReload = () => !("answer" in body.dataset) && !begunIn(body) && !opened(body);
  body.addEventListener("htmx:beforeRequest", (event) => {
    const byItself = (event.detail.requestConfig.triggeringEvent || {}).type || "";
    if (byItself.startsWith("strangler:") && (document.hidden || opened(event.detail.target))) event.preventDefault();
  });
  body.addEventListener("htmx:beforeOnLoad", (event) => {
    // The answer leads to signing in.
    if (event.detail.xhr.status !== 401 || mayReload()) return;
    event.preventDefault();
    tellOver();
  });
  body.addEventListener("htmx:beforeSwap", (event) => {
    // What a page asks for as it loads has no event.
    const byItself = (event.detail.requestConfig.triggeringEvent || {}).type || "strangler:load";
    if (byItself.startsWith("strangler:") && opened(event.detail.target)) event.detail.shouldSwap = false;
  });
  // What is still being looked for would be so for ever.
  body.addEventListener("htmx:responseError", (event) => {
    const waiting = event.detail.target.querySelector(".loading");
    const told = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html").querySelector(".refusal");
    if (waiting && told) waiting.replaceWith(told);
  });
  body.addEventListener("htmx:afterSwap", (event) => tellTimes(event.detail.target));
  if (window.Idiomorph) {
    Idiomorph.defaults.ignoreActiveValue = true;
    // What somebody wrote stays, with the words that they saw when they wrote it: all of the form, and also where what
    // stands there now has no such form any more.
    Idiomorph.defaults.callbacks.beforeNodeMorphed = (node) => !(node.nodeName === "FORM" && begun(node));
    Idiomorph.defaults.callbacks.beforeNodeRemoved = (node) => !begunIn(node);
    // What a reader has unfolded stays so.
    Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) =>
      !(name === "open" && (node.tagName === "DETAILS" || node.tagName === "DIALOG"));
  }

  // Dialogs, notices, menus.

  const open = (id) => {
    const dialog = document.getElementById(id);
    if (!dialog || dialog.open) return;
    dialog.showModal();
    const first = dialog.querySelector("[data-first]");
    if (first) first.focus();
  };
  for (const each of document.querySelectorAll("button[data-opens], button[data-closes], button[data-prints]")) each.hidden = false;
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener && document.getElementById(opener.dataset.opens)) {
      event.preventDefault();
      const menu = opener.closest("details.menu");
      if (menu) menu.open = false;
      open(opener.dataset.opens);
    }
    if (event.target.closest("[data-prints]")) print();
    const closer = event.target.closest("[data-closes]");
    if (closer) {
      const closed = document.getElementById(closer.dataset.closes);
      if (closed.tagName === "DIALOG") closed.close();
      else closed.remove();
    }
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  // Said once: a second press while the first is under way does nothing. And while nobody answers the browser would put
  // a page of its own in the place of what was written, which only Back is worth.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (isSilent() && held !== form && form.getAttribute("action") !== BACK) {
      event.preventDefault();
      held = form;
      tellBanner();
      return;
    }
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });

  // Keys.

  const CHORD_MS = 5000;
  const KEYS = "strangler.keys";
  const remembered = () => {
    try { return localStorage.getItem(KEYS) !== "off"; } catch { return true; }
  };
  const keysOn = document.getElementById("keys-on");
  let on = remembered();
  if (keysOn) {
    keysOn.checked = on;
    keysOn.addEventListener("change", () => {
      on = keysOn.checked;
      try { localStorage.setItem(KEYS, on ? "on" : "off"); } catch { /* then for this page alone */ }
    });
  }
  const places = {};
  for (const each of document.querySelectorAll(".places a[data-letter]")) places[each.dataset.letter] = each.href;
  let going = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
    if (event.key === "Escape") {
      for (const menu of document.querySelectorAll("details.menu[open]")) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
      return;
    }
    if (!on || event.target.closest("input:not([type=radio], [type=checkbox]), select, textarea, [contenteditable]")) return;
    const dialog = document.querySelector("dialog[open]");
    if (dialog) {
      const form = dialog.querySelector("form[data-again]");
      if (form && form.dataset.again === event.key) {
        event.preventDefault();
        form.requestSubmit();
      }
      return;
    }
    if (Date.now() - going < CHORD_MS && places[event.key]) {
      event.preventDefault();
      location.assign(places[event.key]);
    } else if (event.key === "b" && document.getElementById("back-dialog")) {
      event.preventDefault();
      open("back-dialog");
    } else if (event.key === "?") {
      event.preventDefault();
      open("help-dialog");
    }
    going = event.key === "g" ? Date.now() : 0;
  });
})();

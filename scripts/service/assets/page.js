// What the page adds where scripts run: the slider between requests, keys, and news. Without it all works by links.
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const REST = 60; // milliseconds that the hand must rest before the tree is asked for
  const here = () => new URL(location.href);

  // -- the slider ----------------------------------------------------------------------------------------------------
  const slider = $("slider");
  let moments = [], shown = 0, shownAt = "", wanted = 0, waiting = 0, isFollowing = false, isAnswered = false, isRefused = false;
  const closed = new Set();

  function startSlider() {
    moments = JSON.parse($("index").textContent);
    shown = wanted = Number($("line").dataset.here);
    shownAt = $("line").dataset.at; // not always that of a moment: the end of a day is not
    mark(Number(slider.value));
    slider.addEventListener("input", () => say(Number(slider.value)));
    slider.addEventListener("keydown", (event) => {
      const leap = { PageUp: -10, PageDown: 10 }[event.key];
      if (leap) { event.preventDefault(); go(Number(slider.value) + leap); }
    });
    document.querySelector(".strip").addEventListener("click", (event) => {
      const bar = event.target.closest("[data-step]");
      if (bar && !event.metaKey && !event.ctrlKey) { event.preventDefault(); go(Number(bar.dataset.step)); slider.focus({ preventScroll: true }); }
    });
    document.addEventListener("toggle", (event) => {
      const item = event.target.closest?.("#tree li");
      if (item) event.target.open ? closed.delete(item.id) : closed.add(item.id);
    }, true);
    document.addEventListener("htmx:after:swap", () => {
      for (const id of closed) { const fold = $(id)?.querySelector("details"); if (fold) fold.open = false; }
    });
  }

  function words(step) {
    const many = document.querySelector(".sentence > span").textContent.endsWith("s");
    if (step >= moments.length) {
      const last = moments.at(-1);
      return [many ? "as they are today" : "as it is today", last ? `The last change ${last[1]}: ${last[2]}` : ""];
    }
    return [(many ? "as they were " : "as it was ") + moments[step][1], moments[step][2]];
  }

  function mark(step) {
    const x = moments.length ? (100 * step) / moments.length : 0;
    $("here").setAttribute("x", x + "%");
    document.querySelector(".strip .is-here")?.classList.remove("is-here");
    document.querySelector(`.strip [data-step="${step}"]`)?.classList.add("is-here");
    slider.setAttribute("aria-valuetext", words(step).filter(Boolean).join(": "));
  }

  // While the hand moves the page says who did what, from what it holds; the tree follows when the hand rests.
  function say(step) {
    const [time, what] = words(step);
    mark(step);
    $("told-now").textContent = what;
    const clock = document.querySelector("#sentence .clock > summary");
    if (clock) clock.textContent = time;
    clearTimeout(waiting);
    waiting = setTimeout(() => follow(step), REST);
  }

  function go(step) {
    slider.value = Math.max(0, Math.min(moments.length, step));
    say(Number(slider.value));
  }

  function at_step(step) {
    const address = here();
    for (const name of ["at", "fp", "cited", "cite"]) address.searchParams.delete(name);
    if (step < moments.length) address.searchParams.set("at", moments[step][0]);
    return address.pathname + address.search.replaceAll("%3A", ":");
  }

  // One step is asked for at a time: of what the hand passes meanwhile only the last.
  async function follow(step) {
    wanted = step;
    if (isFollowing || step === shown) return;
    if ("whole" in $("line").dataset) { busy(true); location.assign(at_step(step)); return; }
    isFollowing = true;
    busy(true);
    while (wanted !== shown && (await load(wanted))) { /* the hand went on */ }
    isFollowing = false;
    busy(false);
    if (wanted !== shown) back();
  }

  async function load(step) {
    const clean = at_step(step), address = new URL(clean, location.href);
    address.searchParams.set("shown", shownAt);
    isAnswered = isRefused = false;
    try {
      await htmx.ajax("GET", address.pathname + address.search, { target: "#toast", swap: "none" });
    } catch { /* told below */ }
    if (!isAnswered) {
      if (!isRefused && wanted !== shown) fail();
      return false;
    }
    document.querySelector("#toast .failed")?.remove();
    shown = step;
    shownAt = step < moments.length ? moments[step][0] : "";
    history.replaceState(history.state, "", clean);
    document.body.classList.toggle("is-past", here().searchParams.has("at") || here().searchParams.has("known"));
    $("line").dataset.here = shown;
    return true;
  }
  document.addEventListener("htmx:after:request", (event) => {
    isAnswered = event.detail.ctx.response.status < 400;
    isRefused = !isAnswered; // the answer says why
  });

  // No answer came at all: nothing but the page can say so.
  function fail() {
    const note = document.createElement("p");
    note.className = "failed";
    note.textContent = "The service does not answer: it is stopped, or this computer cannot reach it. Nothing is lost; try again in a while.";
    $("toast").replaceChildren(note);
  }

  // What could not be answered, or was stopped, leaves all as it was.
  function back() {
    wanted = shown;
    slider.value = Math.max(0, shown);
    const [time, what] = words(shown < 0 ? 0 : shown);
    mark(Number(slider.value));
    $("told-now").textContent = what;
    const clock = document.querySelector("#sentence .clock > summary");
    if (clock && shown >= 0) clock.textContent = time;
  }

  function stop() {
    wanted = shown;
    busy(false);
    if (isFollowing) document.body.dispatchEvent(new CustomEvent("htmx:abort"));
    else window.stop(); // a whole page is on its way
    if (slider && moments.length) back();
  }

  // -- while it works: nothing for 300 ms, a bar, and after two seconds words -------------------------------------------
  let soon = 0, long = 0;
  function busy(is) {
    clearTimeout(soon); clearTimeout(long);
    $("busy").className = ""; $("busy").textContent = "";
    $("main").toggleAttribute("aria-busy", false);
    if (!is) return;
    soon = setTimeout(() => { $("busy").className = "is-on"; $("main").setAttribute("aria-busy", "true"); }, 300);
    long = setTimeout(() => {
      const button = document.createElement("button");
      button.textContent = "Stop";
      button.addEventListener("click", stop);
      $("busy").className = "is-long";
      $("busy").replaceChildren("Still asking … ", button);
    }, 2000);
  }

  // -- links keep the time that is looked at, also when only a part of the page was sent ---------------------------------
  function keepTime(event) {
    const link = event.target.closest?.("#tree a[href]");
    if (!link) return;
    const to = new URL(link.href), now = here();
    for (const name of ["at", "known"]) {
      now.searchParams.has(name) ? to.searchParams.set(name, now.searchParams.get(name)) : to.searchParams.delete(name);
    }
    link.href = to.pathname + to.search;
  }
  document.addEventListener("pointerdown", keepTime, true);
  document.addEventListener("focusin", keepTime, true);

  // -- keys: never while a field has the focus, and they can be turned off (WCAG 2.1.4) -----------------------------------
  const keys = {
    "/": () => ($("search") ? $("search").focus() : location.assign(document.querySelector(".organisation").href + "#search")),
    "[": () => (slider ? go(Number(slider.value) - 1) : follow_link("earlier")),
    "]": () => (slider ? go(Number(slider.value) + 1) : follow_link("later")),
    ",": () => zero("earlier"),
    ".": () => zero("later"),
    n: () => (slider ? go(moments.length) : follow_link("now")),
    d: () => open_clock(0),
    k: () => open_clock(1),
    p: () => open_place(),
    a: () => follow_link("keep-a"),
    b: () => follow_link("keep-a"),
    y: () => follow_link("cite"),
    s: () => {
      const cell = document.activeElement?.closest(".grid :is(th, td)"), before = [...(cell?.parentElement.cells ?? [])].slice(0, cell?.cellIndex);
      const column = before.reduce((sum, one) => sum + one.colSpan, 0);
      cell?.closest("table").tHead.rows[0].cells[column].querySelector("a")?.click();
    },
    "?": () => showKeys(),
  };
  const ways = { t: "Tree", c: "Changes", m: "Mastery", f: "Feed" };
  let after_g = 0;

  function follow_link(id) { const link = $(id); if (link?.href) link.click(); }
  function open_clock(place) {
    const clock = document.querySelectorAll("#sentence .clock")[place];
    if (!clock) return;
    clock.open = true;
    clock.querySelector("input:not([type=hidden])")?.focus();
  }
  function open_place() {
    const place = document.querySelector(".place");
    if (!place) return;
    place.open = true;
    place.querySelector("input[type=search]").focus();
  }
  // Zero in: only the changes of the item that has the focus, or that was chosen before.
  function zero(step) {
    const link = document.activeElement?.closest("#tree .leaf")?.querySelector("a") ?? document.activeElement?.closest("[data-only]");
    const outcome = link?.pathname?.match(/\/outcome\/([^/]+)$/)?.[1];
    const address = here();
    const only = outcome ? "outcome:" + decodeURIComponent(outcome) : address.searchParams.get("only");
    if (!only) return;
    address.searchParams.set("only", only);
    address.searchParams.set("step", step);
    location.assign(address);
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || localStorage.getItem("keys") === "off") return;
    if (event.key === "Escape") {
      const open = document.querySelector(".clock[open], .place[open]");
      if (open) { open.open = false; open.querySelector("summary").focus(); }
      else if (!document.querySelector("dialog[open]") && !event.target.matches("input:not([type=range]), textarea, select")) leaveWhy();
      return;
    }
    if (event.target.matches("input:not([type=range]), textarea, select")) return;
    if (after_g && ways[event.key]) {
      after_g = 0;
      const link = [...document.querySelectorAll(".top nav a")].find((one) => one.textContent === ways[event.key]);
      link?.click();
      return;
    }
    after_g = 0;
    if (event.key === "g") { after_g = 1; return; }
    const act = keys[event.key];
    if (act) { event.preventDefault(); act(); }
  });

  // -- arrows: in a tree from line to line, in a grid from cell to cell (roving focus) -----------------------------------
  function treeKeys(event) {
    const line = event.target.closest("#tree summary, #tree .leaf a");
    if (!line) return;
    const lines = [...document.querySelectorAll("#tree summary, #tree .leaf a")].filter((one) => one.checkVisibility());
    const at = lines.indexOf(line), fold = line.closest("summary")?.parentElement;
    const to = {
      ArrowDown: () => lines[at + 1],
      ArrowUp: () => lines[at - 1],
      Home: () => lines[0],
      End: () => lines[lines.length - 1],
      ArrowRight: () => { if (fold && !fold.open) { fold.open = true; return line; } return fold ? lines[at + 1] : null; },
      ArrowLeft: () => { if (fold?.open) { fold.open = false; return line; } return line.closest("ul")?.closest("li")?.querySelector("summary"); },
    }[event.key];
    if (!to) return;
    event.preventDefault();
    to()?.focus();
  }
  document.addEventListener("keydown", treeKeys);

  // -- grids: arrows go from link to link, heads and bars too, and only one of them is reached by Tab --------------------
  function startGrid(grid) {
    // A cell with two links stands in two lines, one that spans columns in the first of them.
    const lines = [...grid.rows].flatMap((row) => {
      const cells = [...row.cells].flatMap((cell) => [[...cell.querySelectorAll("a, summary")], ...Array(cell.colSpan - 1).fill([])]);
      return Array.from({ length: Math.max(...cells.map((links) => links.length)) }, (_, depth) => cells.map((links) => links[depth]));
    });
    const all = lines.flat().filter(Boolean);
    if (!all.length) return;
    let reached = grid.querySelector("tbody a") ?? all[0];
    const reach = (link) => { reached.tabIndex = -1; link.tabIndex = 0; reached = link; };
    for (const link of all) link.tabIndex = -1;
    reach(reached);
    grid.addEventListener("focusin", (event) => { if (all.includes(event.target)) reach(event.target); });
    // What a score says to those who hear it the pointer shows: sent once, a class of a thousand is a third smaller.
    grid.addEventListener("pointerover", (event) => {
      const link = event.target.closest("a[aria-label]");
      if (link) link.title = link.ariaLabel;
    });
    grid.addEventListener("click", (event) => {
      const link = event.target.closest("a");
      if (link) history.replaceState({ ...history.state, left: link.pathname }, "");
    });
    grid.addEventListener("keydown", (event) => {
      const y = lines.findIndex((line) => line.includes(event.target));
      const way = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Home: [0, -1], End: [0, 1] }[event.key];
      if (y < 0 || !way || event.altKey) return;
      event.preventDefault();
      const links = [];
      for (let to = y + way[0], x = lines[y].indexOf(event.target) + way[1]; lines[to] && x >= 0 && x < lines[to].length; to += way[0], x += way[1]) {
        if (lines[to][x]) links.push(lines[to][x]);
      }
      links.at(event.key === "Home" || event.key === "End" ? -1 : 0)?.focus();
    });
    // Back from where a score led, the focus is on that score again.
    const left = history.state?.left && all.find((link) => link.pathname === history.state.left);
    if (left) left.focus();
  }

  // From why back to the score in its class, with its place and its scroll if that is where one came from.
  function leaveWhy() {
    const up = document.querySelector(".crumbs a"), entry = window.navigation?.currentEntry;
    if (!up) return;
    const before = entry && navigation.entries()[entry.index - 1];
    if (before?.url && new URL(before.url).pathname === up.pathname) history.back();
    else up.click();
  }

  // -- a dialog of keys and words over whatever is open -------------------------------------------------------------------
  async function showKeys() {
    let dialog = document.querySelector("dialog");
    if (!dialog) {
      dialog = document.createElement("dialog");
      dialog.id = "keys-dialog";
      dialog.setAttribute("aria-label", "Keys and words");
      document.body.append(dialog);
      await htmx.ajax("GET", $("keys-link").href, { target: "#keys-dialog", swap: "innerHTML" });
      const close = document.createElement("form");
      close.method = "dialog";
      close.innerHTML = "<button>Close</button>";
      dialog.append(close);
    }
    const on = $("keys-on");
    if (on) on.checked = localStorage.getItem("keys") !== "off";
    dialog.showModal();
  }
  document.addEventListener("change", (event) => {
    if (event.target.id === "keys-on") localStorage.setItem("keys", event.target.checked ? "on" : "off");
  });

  // -- copy a citation, say so --------------------------------------------------------------------------------------------
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText($("citation-text").textContent + "\n" + $("citation-link").href);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren($("citation-text")); // where a browser does not let pages copy
      button.textContent = "Selected: copy it";
    }
  });

  // -- news: a note that more has come in, never a jump -------------------------------------------------------------------
  function listen() {
    const { root, head } = document.body.dataset;
    if (head === undefined || !window.EventSource) return;
    const others = new BroadcastChannel("outcomes-news");
    others.addEventListener("message", (event) => tell(event.data));
    // A browser has six connections for a host: of all tabs one listens, and tells the others.
    navigator.locks?.request("outcomes-news", () => new Promise(() => {
      const source = new EventSource(root + "/api/v1/head/events");
      source.addEventListener("head", (event) => {
        const known = JSON.parse(event.data).head;
        tell(known);
        others.postMessage(known);
      });
      window.addEventListener("pagehide", () => source.close());
    }));
    function tell(known) {
      const more = known - Number(head);
      if (more <= 0) return;
      const note = document.createElement("p");
      const again = document.createElement("a");
      again.href = location.href;
      again.textContent = "Look again";
      note.append(`${more.toLocaleString("en")} new ${more === 1 ? "event has" : "events have"} come in. `, again);
      $("toast").replaceChildren(note);
    }
  }

  // -- a job that runs: how far it is, and at its end the way to what came of it ------------------------------------------
  function watchJob(place) {
    const source = new EventSource(place.dataset.job), bar = place.querySelector("progress"), said = place.querySelector("[data-said]");
    source.addEventListener("job", (event) => {
      const job = JSON.parse(event.data), { done, of } = job.progress;
      if (of) { bar.max = of; bar.value = done; }
      said.textContent = of ? `${done.toLocaleString("en")} of ${of.toLocaleString("en")}` : "at work";
      if (job.state === "running") return;
      source.close();
      const link = document.createElement("a");
      link.href = location.pathname + "#work";
      link.textContent = "Show what came of it";
      link.addEventListener("click", (click) => { click.preventDefault(); location.reload(); });
      bar.remove();
      said.replaceChildren("It has ended. ", link);
    });
    window.addEventListener("pagehide", () => source.close());
  }
  document.querySelectorAll("[data-job]").forEach(watchJob);

  if (slider && $("index")) startSlider();
  if (location.hash === "#search") $("search")?.focus();
  document.querySelectorAll("table.grid").forEach(startGrid);
  if ($("keys-on")) $("keys-on").checked = localStorage.getItem("keys") !== "off";
  listen();
})();

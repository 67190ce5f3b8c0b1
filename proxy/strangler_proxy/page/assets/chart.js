// Charts: every `figure[data-chart]` is drawn with uPlot from the JSON at that address, and told as a table beside it.
//
// The JSON: {"times": [seconds since 1970, ascending], "unit": "percent" | "ms" | "rate" | "count",
//   "series": [{"name", "side": "monolith" | "candidate" | "", "values": [number or null, ...],
//   "fine": true for a thin line}, ...],
//   "marks": [{"at", "label", "kind": "flip" | "release"}, ...], "empty": "what is told where there is nothing"}
// Attributes of the figure: `data-chart-every`, after how many seconds it is asked for again while the page is live
// (10; 0: never); `data-chart-height` in pixels (220). An element `[data-chart-for="ID"]` with `data-chart-url` is a
// button that puts another address into the figure of that id. Nothing of the JSON becomes markup.
"use strict";

(() => {
  const EVERY = 10;
  const HEIGHT = 220;
  const MOST_ROWS = 200;
  const FEW = 32;
  const BESIDE = 60;
  const FONT = "12px system-ui, sans-serif";
  // Told apart by dash and width as well as by colour.
  const LOOKS = {
    monolith: { colour: "--chart-monolith", dash: [6, 4], width: 2 },
    candidate: { colour: "--chart-candidate", dash: [], width: 2 },
  };
  const OTHERS = [
    { colour: "--chart-candidate", dash: [], width: 2 },
    { colour: "--chart-second", dash: [8, 4], width: 2 },
    { colour: "--chart-third", dash: [2, 4], width: 2.5 },
  ];
  const drawn = new Map();

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "GrayText";

  const make = (tag, text, attributes = {}) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };

  const number = (value, digits) => value.toLocaleString(undefined, { maximumFractionDigits: digits });

  const told = (value, unit) => {
    if (value === null || value === undefined) return "–";
    if (unit === "percent") return `${number(value * 100, value < 0.01 || value > 0.99 ? 3 : 1)} %`;
    if (unit === "ms" && value >= 1000) return `${number(value / 1000, 2)} s`;
    if (unit === "ms") return `${number(value, value < 10 ? 1 : 0)} ms`;
    if (unit === "rate") return `${number(value, value < 10 ? 2 : 0)}/s`;
    return number(value, 2);
  };

  const moment = (seconds) =>
    new Date(seconds * 1000).toLocaleString(undefined, { dateStyle: "short", timeStyle: "medium" });

  // On the axis: hours and minutes, seconds where a step is that short, the day where it is another one, and days alone
  // where a step is that long.
  const day = (at, before, step) => {
    const when = new Date(at * 1000);
    const date = when.toLocaleDateString(undefined, { day: "numeric", month: "short" });
    if (step >= 86400) return date;
    const seconds = step < 60 ? { second: "2-digit" } : {};
    const time = when.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...seconds });
    const same = before !== undefined && new Date(before * 1000).toDateString() === when.toDateString();
    return same ? time : `${time}\n${date}`;
  };

  const look = (series, index) => {
    const found = LOOKS[series.side] || OTHERS[index % OTHERS.length];
    return series.fine ? { ...found, width: 1 } : found;
  };

  // A line for each mark, with its words where those of the one before leave room.
  const marksOn = (chart, marks) => {
    const { ctx } = chart;
    const ratio = devicePixelRatio || 1;
    const { left, top, width, height } = chart.bbox;
    let free = left;
    ctx.save();
    ctx.font = FONT.replace("12px", `${Math.round(11 * ratio)}px`);
    ctx.textBaseline = "top";
    ctx.textAlign = "left";
    for (const mark of marks) {
      const x = Math.round(chart.valToPos(mark.at, "x", true));
      if (x < left || x > left + width) continue;
      ctx.strokeStyle = ctx.fillStyle = colour(mark.kind === "release" ? "--chart-release" : "--chart-mark");
      ctx.lineWidth = ratio;
      ctx.setLineDash(mark.kind === "release" ? [2 * ratio, 3 * ratio] : []);
      ctx.beginPath();
      ctx.moveTo(x, top);
      ctx.lineTo(x, top + height);
      ctx.stroke();
      const label = mark.label.length > 24 ? `${mark.label.slice(0, 23)}…` : mark.label;
      const wide = ctx.measureText(label).width;
      const at = Math.min(x + 4 * ratio, left + width - wide);
      if (at >= free) {
        // Above what is drawn: lines may be at the very top.
        ctx.fillText(label, at, top - 13 * ratio);
        free = at + wide + 8 * ratio;
      }
    }
    ctx.restore();
  };

  const axis = (more) => ({
    stroke: () => colour("--chart-text"),
    font: FONT,
    grid: { stroke: () => colour("--chart-grid"), width: 1 },
    ticks: { stroke: () => colour("--chart-grid"), width: 1 },
    ...more,
  });

  const options = (state, data) => ({
    width: Math.max(state.plot.clientWidth, 200),
    height: Number(state.figure.dataset.chartHeight) || HEIGHT,
    // To the right there is room for half of the last moment's words.
    padding: [16, 28, 0, 0],
    legend: { live: true },
    cursor: { points: { size: 6 } },
    scales: {
      x: { range: (_, first, last) => (state.data.times.length === 1 ? around(state.data.times[0], state.marks) : wholly(first, last, state.marks)) },
      y: { range: (_, least, most) => reach(data.unit, least, most) },
    },
    series: [
      { label: "time", value: (_, seconds) => (seconds === null ? "–" : moment(seconds)) },
      ...data.series.map((series, index) => {
        const { colour: name, dash, width } = look(series, index);
        return {
          label: series.name,
          stroke: () => colour(name),
          dash,
          width,
          // Few of them would be no line.
          points: { show: (chart, at) => chart.data[at].filter((value) => value !== null).length < FEW },
          value: (_, value) => told(value, data.unit),
        };
      }),
    ],
    axes: [
      axis({ values: (_, moments, __, ___, step) => moments.map((at, index) => day(at, moments[index - 1], step)) }),
      axis({ size: 64, values: (_, values) => values.map((value) => (value === null ? "" : told(value, data.unit))) }),
    ],
    hooks: { draw: [(chart) => marksOn(chart, state.marks)] },
  });

  // Around a single moment, with the marks of that time.
  const around = (moment, marks) => {
    const all = [moment, ...marks.map((mark) => mark.at)];
    return [Math.min(...all) - BESIDE, Math.max(...all) + BESIDE];
  };

  // A mark within the last step is later than the step's begin.
  const wholly = (first, last, marks) => [first, Math.max(last, ...marks.map((mark) => mark.at))];

  // From nothing to a little above the highest, so that a still line is not at the edge; shares end at all, and where
  // all of them are high they begin below the lowest.
  const reach = (unit, least, most) => {
    if (unit === "percent") return [least !== null && least > 0.5 ? Math.min(Math.floor(least * 10) / 10, 0.9) : 0, 1];
    return [0, most ? most * 1.15 : 1];
  };

  const table = (state, data) => {
    const head = make("tr");
    head.append(make("th", "time", { scope: "col" }));
    for (const series of data.series) head.append(make("th", series.name, { scope: "col" }));
    const body = make("tbody");
    const first = Math.max(0, data.times.length - MOST_ROWS);
    for (let row = data.times.length - 1; row >= first; row -= 1) {
      const line = make("tr");
      line.append(make("th", moment(data.times[row]), { scope: "row" }));
      for (const series of data.series) line.append(make("td", told(series.values[row], data.unit)));
      body.append(line);
    }
    const made = make("table");
    const top = make("thead");
    top.append(head);
    made.append(make("caption", `${state.title}, the newest first`), top, body);
    state.table.replaceChildren(made);
  };

  const list = (state, data) => {
    state.list.replaceChildren(
      ...data.marks.map((mark) => {
        const item = make("li", undefined, { class: `chart-mark chart-mark-${mark.kind === "release" ? "release" : "flip"}` });
        item.append(make("time", moment(mark.at), { datetime: new Date(mark.at * 1000).toISOString() }), ` ${mark.label}`);
        return item;
      }),
    );
    state.list.hidden = data.marks.length === 0;
  };

  const shape = (data) => JSON.stringify([data.unit, data.series.map((series) => [series.name, series.side])]);

  const show = (state, data) => {
    const drawable = data.times.length > 0 && data.series.some((series) => series.values.some((value) => value !== null));
    state.figure.classList.toggle("chart-empty", !drawable);
    state.note.textContent = drawable ? "" : data.empty || "There is nothing to draw yet.";
    state.note.hidden = drawable;
    state.plot.hidden = !drawable;
    state.details.hidden = !drawable;
    state.marks = data.marks;
    list(state, data);
    if (!drawable) return;
    state.data = data;
    const values = [data.times, ...data.series.map((series) => series.values)];
    if (state.chart === null || state.shape !== shape(data)) {
      if (state.chart !== null) state.chart.destroy();
      state.shape = shape(data);
      state.chart = new uPlot(options(state, data), values, state.plot);
    } else {
      state.chart.setData(values);
    }
    if (state.details.open) table(state, data);
  };

  const fetched = async (state) => {
    if (state.asking) return;
    state.asking = true;
    state.asked = Date.now();
    const url = state.figure.dataset.chart;
    try {
      const answer = await fetch(url, { credentials: "same-origin", headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(`answered ${answer.status}`);
      const data = await answer.json();
      if (url === state.figure.dataset.chart) show(state, { marks: [], ...data });
      state.figure.classList.remove("chart-failed");
    } catch (error) {
      // What was drawn stays, and says that it is old.
      state.figure.classList.add("chart-failed");
      state.note.textContent = `This chart could not be brought up to date (${error.message}).`;
      state.note.hidden = false;
    } finally {
      state.asking = false;
      state.figure.removeAttribute("aria-busy");
      if (url !== state.figure.dataset.chart) void fetched(state);
    }
  };

  const begin = (figure) => {
    if (drawn.has(figure)) return;
    const caption = figure.querySelector("figcaption");
    const state = {
      figure,
      title: caption ? caption.textContent.trim() : "Chart",
      plot: make("div", undefined, { class: "chart-plot", "aria-hidden": "true" }),
      note: make("p", "Loading …", { class: "chart-note", role: "status" }),
      list: make("ol", undefined, { class: "chart-marks" }),
      details: make("details", undefined, { class: "chart-table" }),
      table: make("div", undefined, { class: "chart-rows", tabindex: "0", role: "region" }),
      chart: null,
      data: null,
      marks: [],
      shape: "",
      asking: false,
      asked: 0,
    };
    state.table.setAttribute("aria-label", `${state.title}, as a table`);
    state.list.hidden = true;
    state.details.hidden = true;
    state.details.append(make("summary", "As a table"), state.table);
    state.details.addEventListener("toggle", () => {
      if (state.details.open && state.data !== null) table(state, state.data);
    });
    figure.setAttribute("aria-busy", "true");
    figure.append(state.note, state.plot, state.list, state.details);
    drawn.set(figure, state);
    resized.observe(state.plot);
    void fetched(state);
  };

  const resized = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const state = drawn.get(target.closest("figure"));
      const wide = Math.floor(target.clientWidth);
      if (state && state.chart !== null && wide > 0 && wide !== state.chart.width) {
        state.chart.setSize({ width: wide, height: state.chart.height });
      }
    }
  });

  const all = (root) => root.querySelectorAll("figure[data-chart]").forEach(begin);

  const tick = () => {
    for (const [figure, state] of drawn) {
      if (!figure.isConnected) {
        if (state.chart !== null) state.chart.destroy();
        resized.unobserve(state.plot);
        drawn.delete(figure);
        continue;
      }
      const every = Number(figure.dataset.chartEvery || EVERY) * 1000;
      if (every > 0 && Date.now() - state.asked >= every) void fetched(state);
    }
  };

  // The legend keeps the colours that it was made with.
  const repaint = () =>
    drawn.forEach((state) => {
      if (state.chart === null) return;
      state.shape = "";
      show(state, state.data);
    });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-chart-for]");
    const figure = button && document.getElementById(button.dataset.chartFor);
    if (!figure) return;
    for (const each of document.querySelectorAll(`[data-chart-for="${CSS.escape(button.dataset.chartFor)}"]`)) {
      each.setAttribute("aria-pressed", String(each === button));
    }
    figure.dataset.chart = button.dataset.chartUrl;
    const state = drawn.get(figure);
    if (state) void fetched(state);
  });
  document.addEventListener("DOMContentLoaded", () => {
    all(document);
    document.body.addEventListener("strangler:tick", tick);
    document.body.addEventListener("htmx:load", (event) => all(event.detail.elt));
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
})();

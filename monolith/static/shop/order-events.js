// Follows the order's state: reloads the page when it is another than the one shown, so that everything on it is right.
"use strict";

(() => {
  const shown = document.getElementById("order-state");
  if (!shown || !shown.dataset.events || !window.EventSource) return;
  const source = new EventSource(shown.dataset.events);
  source.addEventListener("status", (event) => {
    const status = JSON.parse(event.data);
    if (status.settled) source.close();
    if (status.state === shown.dataset.state) return;
    source.close();
    shown.textContent = status.label;
    shown.className = `state ${status.state}`;
    window.setTimeout(() => window.location.reload(), 1500);
  });
  window.addEventListener("pagehide", () => source.close());
})();

// The form that moves a route: its slider and its exact field say the same, and its button says what it does.
"use strict";

(() => {
  const follow = (form) => {
    const chosen = form.querySelector("input[name=stage]:checked");
    const share = form.querySelector("input[name=share]");
    const button = form.querySelector("[data-move-button]");
    if (!button) return;
    const to = chosen === null ? "" : chosen.value;
    const many = to === "canary" && share ? ` ${share.value || "?"} %` : "";
    button.textContent = to ? `Move it to ${to}${many}` : "Move it";
    button.classList.toggle("danger", to === "retired");
    const confirm = form.querySelector("input[name=confirm]");
    if (confirm) {
      confirm.required = to === "retired";
      confirm.closest("label").hidden = to !== "retired";
    }
  };

  document.addEventListener("input", (event) => {
    const form = event.target.closest("form.moves");
    if (form === null) return;
    const slider = form.querySelector("[data-slides]");
    const exact = slider && document.getElementById(slider.dataset.slides);
    if (event.target === slider) exact.value = slider.value;
    if (event.target === exact) slider.value = exact.value;
    if (event.target === slider || event.target === exact) form.querySelector("input[name=stage][value=canary]").checked = true;
    document.body.classList.add("writes-move");
    follow(form);
  });

  const all = () => document.querySelectorAll("form.moves").forEach(follow);
  all();
  document.body.addEventListener("htmx:afterSettle", all);
})();

// Buttons that copy what stands in an element: data-copy="ITS_ID". Where there is no clipboard (a page that is not
// served by TLS), the text is selected, for the reader to copy.
"use strict";

(() => {
  const told = document.getElementById("copied");
  const tell = (text) => { if (told) told.textContent = text; };
  for (const button of document.querySelectorAll("button[data-copy]")) {
    const source = document.getElementById(button.dataset.copy);
    const label = button.firstChild;
    const before = label.textContent;
    let over = 0;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(source.textContent);
        label.textContent = "Copied";
        tell("Copied.");
        clearTimeout(over);
        over = setTimeout(() => { label.textContent = before; tell(""); }, 3000);
      } catch {
        getSelection().selectAllChildren(source);
        tell("Selected: copy it with your keyboard.");
      }
    });
  }
})();

// Folded parts are printed too, and folded again.
addEventListener("beforeprint", () => { for (const part of
  document.querySelectorAll("details:not([open])")) {
  part.open = true; addEventListener("afterprint", () => { part.open = false; },
  { once: true }); } });

// What a person would notice on a phone, as a list of complaints.
(async () => {
  const complaints = [];
  const page = document.getElementById("page");
  const root = page.contentDocument;
  const view = page.contentWindow;
  await Promise.all([...root.images].map((image) => image.decode().catch(() => 0)));

  for (const part of root.querySelectorAll("details")) part.open = true;

  const luminance = (colour) => {
    const parts = colour.match(/[\d.]+/g).slice(0, 3).map((part) => part / 255);
    const [r, g, b] = parts.map((c) =>
      c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (element) => {
    for (; element; element = element.parentElement) {
      const colour = view.getComputedStyle(element).backgroundColor;
      if (!colour.endsWith(", 0)")) return colour;
    }
    return "rgb(255, 255, 255)";
  };

  if (root.documentElement.lang !== "en") complaints.push("no language");
  if (!root.title) complaints.push("no title");
  if (root.documentElement.scrollWidth > view.innerWidth)
    complaints.push(`wider than the screen: ${root.documentElement.scrollWidth}`);
  for (const image of root.images) {
    if (!image.naturalWidth) complaints.push("an image that does not load");
    if (image.alt.length < 20) complaints.push(`no alternative text: ${image.alt}`);
    if (image.getBoundingClientRect().width < 200) complaints.push("a tiny image");
  }
  let level = 0;
  for (const link of root.querySelectorAll("a"))
    if (!root.getElementById(link.hash.slice(1))) complaints.push(`no ${link.hash}`);
  for (const heading of root.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) complaints.push(`heading out of order: ${heading.innerText}`);
    level = next;
  }
  if (root.querySelectorAll("h1").length !== 1) complaints.push("not one h1");
  for (const table of root.querySelectorAll("table")) {
    if (!table.caption) complaints.push("a table without a caption");
    const { scrollWidth, clientWidth } = table.parentElement;
    if (view.innerWidth >= 1000 && scrollWidth > clientWidth)
      complaints.push(`a table that is cut off: ${scrollWidth} of ${clientWidth}`);
    for (const cell of table.querySelectorAll("th"))
      if (!cell.scope) complaints.push("a header without a scope");
  }
  for (const element of root.body.querySelectorAll("*")) {
    const text = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!text) continue;
    const style = view.getComputedStyle(element);
    const pair = [luminance(style.color), luminance(background(element))];
    const contrast = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    if (contrast < 4.5) complaints.push(`contrast ${contrast} of ${element.innerText}`);
    if (parseFloat(style.fontSize) < 12) complaints.push(`small: ${element.innerText}`);
  }
  const outside = view.performance.getEntriesByType("resource")
    .filter((entry) => !entry.name.startsWith("data:"));
  for (const entry of outside) complaints.push(`loads ${entry.name}`);
  const dark = luminance(background(root.body)) < 0.5;
  const result = { complaints, images: root.images.length, dark };
  document.body.replaceChildren(JSON.stringify(result));
})();

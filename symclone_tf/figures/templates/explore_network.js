"use strict";
(() => {
  const find = (id) => document.getElementById(id);
  const pictures = JSON.parse(find("data").textContent);
  const image = find("image"), element = find("element");
  const show = () => {
    const chosen = `Image ${image.selectedIndex + 1}, ` +
      element.options[element.selectedIndex].text;
    find("maps").src = pictures[image.value][element.value];
    find("maps").alt = `${chosen}: the maps of each layer, and their difference`;
    find("status").textContent = chosen;
  };
  for (const one of [image, element]) one.addEventListener("change", show);
  show();
})();

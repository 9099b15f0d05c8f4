/* The order as a list with buttons. What is sent stays in the selects of the page; this only sets them. Without this
   script they are shown and used as they are. */
(function () {
  "use strict";
  var box = document.querySelector(".cc-ranking");
  if (!box) { return; }
  var words = box.dataset;
  var projects = Array.prototype.map.call(box.querySelectorAll("[data-rank]"), function (row) {
    var title = row.querySelector("[data-title]");
    return { row: row, select: row.querySelector("select"), title: title, name: title.textContent.trim() };
  });
  if (!projects.length) { return; }
  var most = projects[0].select.options.length - 1;
  var order = projects
    .filter(function (one) { return one.select.value; })
    .sort(function (a, b) { return Number(a.select.value) - Number(b.select.value); })
    .slice(0, most);
  var dragged = null;

  function make(name, className, text) {
    var made = document.createElement(name);
    if (className) { made.className = className; }
    if (text) { made.textContent = text; }
    return made;
  }

  function say(text, one) {
    voice.textContent = text.replace("{project}", one.name).replace("{place}", order.indexOf(one) + 1)
      .replace("{count}", order.length);
  }

  /* A button that is read with the name of its project. */
  function button(text, one, act, off) {
    var made = make("button", "ds_button ds_button--secondary ds_button--small cc-ranking__button", text);
    made.type = "button";
    made.appendChild(make("span", "visually-hidden", " " + one.name));
    if (off) { made.setAttribute("aria-disabled", "true"); }
    made.addEventListener("click", function () { if (!off) { act(); } });
    return made;
  }

  function move(one, to) {
    order.splice(order.indexOf(one), 1);
    order.splice(to, 0, one);
    changed();
    say(words.now, one);
  }

  function add(one) {
    if (order.length >= most) { say(words.full, one); return; }
    order.push(one);
    changed();
    say(words.now, one);
    focus(one, "up");
  }

  function remove(one) {
    order.splice(order.indexOf(one), 1);
    changed();
    say(words.gone, one);
    one.add.focus();
  }

  /* The list is drawn anew after each step, so that the key that was pressed has to be found again. */
  function focus(one, which) {
    var item = list.children[order.indexOf(one)];
    var found = item && item.querySelector("[data-do=" + which + "]");
    if (found) { found.focus(); }
  }

  function changed() {
    projects.forEach(function (one) {
      var place = order.indexOf(one) + 1;
      one.select.value = place ? String(place) : "";
    });
    draw();
    projects[0].select.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function draw() {
    list.textContent = "";
    order.forEach(function (one, place) {
      var item = make("li", "cc-ranking__item");
      var title = make("span", "cc-ranking__title");
      var keys = make("span", "cc-ranking__keys");
      title.appendChild(one.title.cloneNode(true));
      var up = button(words.up, one, function () { move(one, place - 1); focus(one, "up"); }, place === 0);
      var down = button(words.down, one, function () { move(one, place + 1); focus(one, "down"); },
        place === order.length - 1);
      var away = button(words.remove, one, function () { remove(one); });
      up.dataset.do = "up";
      down.dataset.do = "down";
      [up, down, away].forEach(function (key) { keys.appendChild(key); });
      item.draggable = true;
      item.addEventListener("dragstart", function (event) {
        dragged = one;
        event.dataTransfer.effectAllowed = "move";
        event.dataTransfer.setData("text/plain", one.name);
      });
      item.addEventListener("dragover", function (event) { if (dragged) { event.preventDefault(); } });
      item.addEventListener("drop", function (event) {
        event.preventDefault();
        if (dragged && dragged !== one) { move(dragged, place); }
        dragged = null;
      });
      item.appendChild(title);
      item.appendChild(keys);
      list.appendChild(item);
    });
    empty.hidden = order.length > 0;
    projects.forEach(function (one) { one.row.hidden = order.indexOf(one) >= 0; });
  }

  var list = make("ol", "cc-ranking__list");
  var empty = make("p", "", words.empty);
  var voice = make("p", "visually-hidden");
  var heading = make("h2", "cc-ranking__heading", words.order);
  voice.setAttribute("role", "status");
  heading.id = "ranking-heading";
  list.setAttribute("aria-labelledby", "ranking-heading");
  projects.forEach(function (one) {
    one.select.parentNode.hidden = true;
    one.add = button(words.add, one, function () { add(one); });
    one.row.appendChild(one.add);
  });
  [voice, list, empty, heading].forEach(function (part) { box.insertBefore(part, box.firstChild); });
  box.classList.add("cc-ranking--list");
  draw();
}());

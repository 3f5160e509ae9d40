// Small parts: elements, words, numbers, the one dialog.

/** An element. `props` are properties, or attributes where a name has a dash or is `role`; children are elements or texts. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null) continue;
    if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter(child => child !== null && child !== undefined));
  return element;
}

/** Changes a text only where it is another: screen readers and selections stay calm. */
export function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

/** Keeps one child for each item, in the order of the items; children keep their focus. */
export function keyed(list, items, key, create, update) {
  const old = new Map([...list.children].map(child => [child.dataset.key, child]));
  let place = list.firstElementChild;
  for (const item of items) {
    const name = key(item);
    let child = old.get(name);
    if (child) old.delete(name);
    else {
      child = create(item);
      child.dataset.key = name;
    }
    update(child, item);
    if (child === place) place = place.nextElementSibling;
    else list.insertBefore(child, place);
  }
  for (const gone of old.values()) gone.remove();
}

const names = new Map();

/** Learns how things are called, by their ids. */
export function learn(things) {
  for (const thing of things) names.set(thing.id, thing.name);
}

/** The name of a module or a template; its id until it is known. */
export const named = id => names.get(id) || id;

export const isNamed = id => names.has(id);

export const words = name => String(name).replaceAll("_", " ");

export const count = (n, one, many = `${one}s`) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;

export const time = at => at ? new Date(at).toLocaleTimeString([], {hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23"}) : "";

export function duration(seconds) {
  const s = Math.round(seconds);
  if (s < 90) return `${s} s`;
  if (s < 5_400) return `${Math.round(s / 60)} min`;
  return `${Math.round(s / 360) / 10} h`;
}

export const until = at => duration(Math.max(0, (new Date(at) - Date.now()) / 1_000));

/** Asks in the dialog. The answer is the text of the field, or null. */
export function ask({title, text: sentence, label = "Comment (optional)", yes = "Yes", danger = false, secret = false}) {
  const part = name => document.getElementById(`confirm${name}`);
  const dialog = part("");
  const input = part("-input");
  part("-title").textContent = title;
  part("-text").textContent = sentence;
  part("-label").textContent = label;
  part("-yes").textContent = yes;
  part("-yes").className = danger ? "danger" : "main";
  input.type = secret ? "password" : "text";
  input.value = "";
  return new Promise(resolve => {
    const end = answer => {
      dialog.onclose = null;
      dialog.close();
      resolve(answer);
    };
    part("-yes").onclick = () => end(input.value);
    part("-no").onclick = () => end(null);
    dialog.onclose = () => resolve(null);
    input.onkeydown = event => {
      if (event.key !== "Enter") return;
      event.preventDefault(); // it would press the button that asked, which has the focus again
      end(input.value);
    };
    dialog.showModal();
    input.focus();
  });
}

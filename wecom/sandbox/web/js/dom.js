// Building DOM without markup strings. Every piece of text that came from a message, a card or a log line
// passes through a text node, so it can never become an element, an attribute or a script.

// el builds one element. attributes: `class`, `dataset`, `on` (event → listener); booleans set or leave out the attribute.
export function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'class') node.className = value;
    else if (name === 'dataset') Object.assign(node.dataset, value);
    else if (name === 'on') for (const [type, listener] of Object.entries(value)) node.addEventListener(type, listener);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  append(node, children);
  return node;
}

// append adds children in order; strings and numbers become text nodes, null and false are left out.
export function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    node.append(child instanceof Node ? child : String(child));
  }
  return node;
}

export function replace(node, ...children) {
  node.replaceChildren();
  return append(node, children);
}

// safeURL returns the address if it is an absolute http or https one, else null.
export function safeURL(address) {
  try {
    const url = new URL(String(address));
    return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : null;
  } catch {
    return null;
  }
}

// link is an anchor for a safe address and plain text for any other.
export function link(address, className, ...children) {
  const href = safeURL(address);
  if (!href) return el('span', { class: className }, children);
  return el('a', { class: className, href, target: '_blank', rel: 'noopener noreferrer' }, children);
}

// button is a real <button>; action runs on click.
export function button(text, className, action, attributes) {
  return el('button', { type: 'button', class: className, on: { click: action }, ...attributes }, text);
}

// icon draws a stroke icon from SVG path data written in this source, never from data.
export function icon(path) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS(space, 'path');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

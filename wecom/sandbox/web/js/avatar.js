// A member's avatar: the last character of the name on one of eight calm colours, the same every time.

import { el } from './dom.js';

export function avatar(userid, name, size) {
  let sum = 0;
  for (const c of String(userid)) sum = (sum * 31 + c.codePointAt(0)) % 8191;
  const last = [...String(name || userid)].pop() || '?';
  return el('span', { class: `avatar hue-${sum % 8} ${size || ''}`, 'aria-hidden': 'true' }, last);
}

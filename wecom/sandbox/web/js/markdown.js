// The Markdown subset of message/send [90236]: # headings, **bold**, [text](url), `code`, > quote,
// <font color="info|comment|warning">. Anything else stays as written.

import { el, link } from './dom.js';

const INLINE = /\*\*(.+?)\*\*|\[([^\]]*)\]\(([^)\s]*)\)|`([^`]+)`|<font color="(info|comment|warning)">(.*?)<\/font>/g;

export function renderMarkdown(text) {
  return el('div', { class: 'markdown' }, String(text).split('\n').map(line));
}

function line(source) {
  const heading = /^(#{1,6}) +(.*)$/.exec(source);
  if (heading) return el('p', { class: `md-heading md-h${heading[1].length}` }, inline(heading[2]));
  const quote = /^> ?(.*)$/.exec(source);
  if (quote) return el('blockquote', {}, inline(quote[1]));
  return el('p', {}, source === '' ? el('br') : inline(source));
}

// inline cuts one line into text and marked parts; marks may be nested, each level shorter than the last.
function inline(source) {
  const out = [];
  let from = 0;
  for (const m of source.matchAll(INLINE)) {
    out.push(source.slice(from, m.index));
    from = m.index + m[0].length;
    if (m[1] !== undefined) out.push(el('strong', {}, inline(m[1])));
    else if (m[2] !== undefined) out.push(link(m[3], 'text-link', m[2]));
    else if (m[4] !== undefined) out.push(el('code', {}, m[4]));
    else out.push(el('span', { class: `md-${m[5]}` }, inline(m[6])));
  }
  out.push(source.slice(from));
  return out;
}

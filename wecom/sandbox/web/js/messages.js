// The content of one chat message by kind: what a member sent, and what an app sent [90236].

import { el, link, icon, safeURL } from './dom.js';
import { picture, pictureLink } from './picture.js';
import { renderMarkdown } from './markdown.js';

const VOICE = 'M8 9a4 4 0 0 1 0 6M11.5 6.5a8 8 0 0 1 0 11M5 11.9h.01';
const PLAY = 'M9 7l8 5-8 5z';
const FILE = 'M7 3h7l4 4v14H7zM14 3v4h4';
const PIN = 'M12 21s6-6.2 6-11a6 6 0 1 0-12 0c0 4.8 6 11 6 11zM12 12a2 2 0 1 0 0-4 2 2 0 0 0 0 4z';
const ANCHOR = /<a\s+href=(?:"([^"]*)"|'([^']*)')\s*>([^<]*)<\/a>/gi;

// renderBody returns the node for message.kind; an unknown kind shows its name and its text, if any.
export function renderBody(message) {
  const body = fold(message.data) || {};
  const draw = BODIES[message.kind];
  if (draw) return draw(body, message);
  return bubble(el('p', { class: 'muted' }, `〔${message.kind}〕`), message.text && el('p', {}, message.text));
}

const BODIES = {
  text: (body, message) => bubble(text(message.text || '', message.mine)),
  markdown: (body, message) => bubble(renderMarkdown(body.content || message.text || '')),
  image: (body) => el('div', { class: 'bare' }, pictureLink(body.picurl, 'photo', body.filename || '图片')),
  voice: (body) => bubble(row(VOICE, '语音', body.format)),
  video: (body) => box(row(PLAY, body.title || '视频'), body.description && el('p', { class: 'muted' }, body.description)),
  file: (body) => box(row(FILE, body.filename || body.title || '文件')),
  location: (body) => box(row(PIN, body.label || '位置'), el('p', { class: 'muted' }, `${body.latitude}, ${body.longitude}`)),
  link: (body) => box(link(body.url, 'box-title', body.title || body.url), body.description && el('p', { class: 'muted' }, body.description)),
  textcard: (body) => leads(body.url, box(
    el('strong', { class: 'box-title' }, body.title),
    el('div', { class: 'textcard-text' }, textcardMarkup(body.description || '')),
    el('span', { class: 'box-more' }, body.btntxt || '详情'))),
  news: (body) => articles(body.articles),
  mpnews: (body) => articles(body.articles),
  miniprogram_notice: (body) => box(
    el('strong', { class: 'box-title' }, body.title),
    body.description && el('p', { class: 'muted' }, body.description),
    el('dl', { class: 'card-rows' }, (body.contentitem || []).map((item) => el('div', {}, el('dt', {}, item.key), el('dd', {}, item.value))))),
};

// fold gives every key one spelling (MediaId, media_id and mediaid become mediaid), lists included.
function fold(value) {
  if (Array.isArray(value)) return value.map(fold);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.toLowerCase().replaceAll('_', ''), fold(inner)]));
}

const bubble = (...children) => el('div', { class: 'bubble' }, children);
const box = (...children) => el('div', { class: 'box' }, children);

function row(path, title, note) {
  return el('div', { class: 'box-row' }, icon(path), el('span', {}, title), note && el('small', { class: 'muted' }, note));
}

function leads(address, node) {
  return safeURL(address) ? link(address, 'box-link', node) : node;
}

// text keeps line breaks (by CSS) and, in what an app sends, turns <a href="…">…</a> into links.
function text(content, mine) {
  if (mine) return el('p', { class: 'say' }, content);
  const out = [];
  let from = 0;
  for (const m of content.matchAll(ANCHOR)) {
    out.push(content.slice(from, m.index), link(m[1] || m[2], 'text-link', m[3]));
    from = m.index + m[0].length;
  }
  out.push(content.slice(from));
  return el('p', { class: 'say' }, out);
}

// textcardMarkup knows <br> and <div class="gray|normal|highlight"> [90236]; other tags stay as written.
function textcardMarkup(description) {
  const out = [];
  const parts = description.split(/(<div class="(?:gray|normal|highlight)">.*?<\/div>|<br\s*\/?>)/gs);
  for (const part of parts) {
    const div = /^<div class="(gray|normal|highlight)">(.*?)<\/div>$/s.exec(part);
    if (div) out.push(el('p', { class: `tc-${div[1]}` }, textcardMarkup(div[2])));
    else if (/^<br/.test(part)) out.push(el('br'));
    else if (part !== '') out.push(part);
  }
  return out;
}

function articles(list) {
  const all = Array.isArray(list) ? list : [];
  return el('div', { class: 'box news' }, all.map((article, i) => leads(article.url, el('div', { class: i === 0 ? 'news-first' : 'news-more' },
    i === 0 && picture(article.picurl, 'news-picture', ''),
    el('div', {},
      el('strong', {}, article.title),
      (i === 0 && (article.description || article.digest)) && el('p', { class: 'muted' }, article.description || article.digest)),
    i > 0 && picture(article.picurl, 'news-thumb', '')))));
}

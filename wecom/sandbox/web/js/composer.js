// What the member's thumb reaches: the app's menu, the text field and the "+" sheet.

import * as api from './api.js';
import { el, replace, button, icon } from './dom.js';

const MENU = 'M5 7h14M5 12h14M5 17h14';
const PLUS = 'M12 5v14M5 12h14';
const IMAGE_LIMIT = 10 << 20; // WeCom's own limit for a picture

// Composer sends as the current member. hooks: who() → {user, app}; sent(user, what, answer) after the app's
// first answer; failed(error); refresh() reads the chat.
export class Composer {
  constructor(root, hooks) {
    this.hooks = hooks;
    this.field = el('textarea', { class: 'input', rows: '1', maxlength: '4000', placeholder: '发消息给应用…', 'aria-label': '消息，回车发送，Shift+回车换行',
      dataset: { testid: 'input' }, on: { keydown: (event) => this.key(event), keypress: keepOnOneLine, input: () => this.settleSend() } });
    this.sendButton = button('发送', 'send', () => this.send(), { 'data-testid': 'send', disabled: true });
    this.plusButton = el('button', { type: 'button', class: 'round', 'aria-label': '更多：图片、位置、进入应用等', 'aria-expanded': 'false', dataset: { testid: 'plus' },
      on: { click: () => this.toggleSheet() } }, icon(PLUS));
    this.menuRow = el('div', { class: 'app-menu', hidden: true, dataset: { testid: 'app-menu' } });
    this.sheet = el('div', { class: 'sheet', hidden: true, dataset: { testid: 'sheet' } }, this.sheetEntries());
    this.file = el('input', { type: 'file', accept: 'image/png,image/jpeg', class: 'sr', tabindex: '-1', 'aria-label': '选一张图片', dataset: { testid: 'file' },
      on: { change: () => this.sendPicture() } });
    this.forms = el('div', {});
    root.append(el('div', { class: 'composer' }, this.menuRow,
      el('div', { class: 'entry' }, this.plusButton, this.field, this.sendButton), this.sheet, this.file, this.forms));
  }

  // loadMenu asks for the app's menu; an app without one shows none.
  async loadMenu() {
    const { user, app } = this.hooks.who();
    const answer = await api.get('/menu', { user, app });
    const now = this.hooks.who();
    if (now.user !== user || now.app !== app) return;
    const entries = Array.isArray(answer.button) ? answer.button : [];
    this.menuRow.hidden = entries.length === 0;
    replace(this.menuRow, icon(MENU), entries.map((entry) => this.menuEntry(entry)));
  }

  menuEntry(entry) {
    const below = Array.isArray(entry.sub_button) ? entry.sub_button : [];
    if (below.length === 0) return button(entry.name, 'menu-entry', () => this.pick(entry), { 'data-key': menuKey(entry) });
    const details = el('details', { class: 'menu-entry', name: 'app-menu' },
      el('summary', {}, entry.name),
      el('div', { class: 'menu-sub' }, below.map((one) => button(one.name, 'menu-sub-entry', () => {
        details.open = false;
        this.pick(one);
      }, { 'data-key': menuKey(one) }))));
    return details;
  }

  pick(entry) {
    const { user, app } = this.hooks.who();
    return this.act(() => api.post('/menu', { user, app, key: menuKey(entry) }), { menu: entry.name });
  }

  fill(text) {
    this.field.value = text;
    this.settleSend();
    this.field.focus();
  }

  key(event) {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.send();
  }

  settleSend() { this.sendButton.disabled = this.field.value.trim() === ''; }

  async send() {
    const text = this.field.value;
    if (text.trim() === '') return;
    const { user, app } = this.hooks.who();
    this.fill('');
    const done = await this.act(() => api.post('/say', { user, app, text }), { text });
    if (!done && this.field.value === '') this.fill(text);
  }

  // act runs one call of the member and tells whether the sandbox took it.
  async act(call, what) {
    const { user } = this.hooks.who();
    this.toggleSheet(false);
    try {
      this.hooks.sent(user, what, await call());
      return true;
    } catch (error) {
      this.hooks.failed(error);
      return false;
    } finally {
      this.hooks.refresh();
    }
  }

  toggleSheet(open = this.sheet.hidden) {
    this.sheet.hidden = !open;
    this.plusButton.setAttribute('aria-expanded', String(open));
  }

  sheetEntries() {
    const entry = (path, name, id, action) => el('button', { type: 'button', class: 'sheet-entry', dataset: { testid: `more-${id}` }, on: { click: action } }, icon(path), name);
    return [
      entry('M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4', '图片', 'image', () => this.file.click()),
      entry('M12 4v10M9 7v5a3 3 0 0 0 6 0V7a3 3 0 0 0-6 0zM6 12a6 6 0 0 0 12 0M12 18v3', '语音', 'voice', () => this.say('voice', { Format: 'amr' })),
      entry('M4 7h11v10H4zM15 11l5-3v8l-5-3', '视频', 'video', () => this.say('video', {})),
      entry('M12 21s6-6.2 6-11a6 6 0 1 0-12 0c0 4.8 6 11 6 11z', '位置', 'location', () => this.ask('发送位置', LOCATION, (v) => this.say('location', { ...v, Scale: 16 }))),
      entry('M10 14l4-4M8 11l-2 2a3.5 3.5 0 0 0 5 5l2-2M16 13l2-2a3.5 3.5 0 0 0-5-5l-2 2', '链接', 'link', () => this.ask('发送链接', LINK, (v) => this.say('link', v))),
      entry('M4 12h12M12 7l5 5-5 5M19 5v14', '进入应用', 'enter', () => this.enter()),
      entry('M12 3v3M12 18v3M3 12h3M18 12h3M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8z', '上报位置', 'report', () => this.ask('上报位置', REPORT, (v) => this.report(v))),
    ];
  }

  say(type, fields) {
    const { user, app } = this.hooks.who();
    return this.act(() => api.post('/say', { user, app, type, ...fields }), { type });
  }

  enter() {
    const { user, app } = this.hooks.who();
    return this.act(() => api.post('/enter', { user, app }), { enter: true });
  }

  report({ latitude, longitude }) {
    const { user, app } = this.hooks.who();
    return this.act(() => api.post('/location', { user, app, latitude: Number(latitude), longitude: Number(longitude) }), { report: true });
  }

  async sendPicture() {
    const file = this.file.files[0];
    this.file.value = '';
    if (!file) return;
    if (file.size > IMAGE_LIMIT) {
      this.hooks.failed(new Error('图片超过 10 MB，企业微信发不出去。请换一张小一点的。'));
      return;
    }
    const { user, app } = this.hooks.who();
    await this.act(async () => api.post('/say', { user, app, type: 'image', data: await base64(file), filename: file.name }), { type: 'image' });
  }

  // ask shows a small form and hands its values to done.
  ask(title, fields, done) {
    const inputs = fields.map((f) => el('input', { name: f.name, type: f.type || 'text', step: f.type === 'number' ? 'any' : undefined, value: f.value, required: true }));
    const dialog = el('dialog', { class: 'ask', 'aria-label': title, on: { close: () => dialog.remove() } },
      el('form', { method: 'dialog', on: { submit: () => done(Object.fromEntries(inputs.map((i) => [i.name, i.type === 'number' ? Number(i.value) : i.value]))) } },
        el('h3', {}, title),
        fields.map((f, i) => el('label', {}, el('span', {}, f.label), inputs[i])),
        el('div', { class: 'ask-foot' }, button('取消', 'plain', () => dialog.close()), el('button', { type: 'submit', class: 'primary' }, '发送'))));
    this.forms.append(dialog);
    dialog.showModal();
  }
}

const LOCATION = [
  { name: 'Label', label: '地点', value: '杭州市上城区解放路 1 号' },
  { name: 'Location_X', label: '纬度', type: 'number', value: '30.2741' },
  { name: 'Location_Y', label: '经度', type: 'number', value: '120.1551' },
];
const REPORT = [
  { name: 'latitude', label: '纬度', type: 'number', value: '30.2741' },
  { name: 'longitude', label: '经度', type: 'number', value: '120.1551' },
];
const LINK = [
  { name: 'Title', label: '标题', value: '差旅标准（2026 版）' },
  { name: 'Description', label: '摘要', value: '出差前请先看这一页' },
  { name: 'Url', label: '网址', type: 'url', value: 'https://example.com/travel' },
];

// keepOnOneLine stops the line break some keyboards type after the Enter that already sent the text.
function keepOnOneLine(event) {
  if (event.key === 'Enter' && !event.shiftKey) event.preventDefault();
}

// menuKey is what the sandbox knows a menu entry by.
const menuKey = (entry) => entry.key || entry.url || entry.pagepath || entry.name;

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(',', 2)[1] || '');
    reader.onerror = () => reject(new Error('这张图片读不出来，请换一张。'));
    reader.readAsDataURL(file);
  });
}

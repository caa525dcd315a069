// What passed between the platform and the app, newest first, with decrypted bodies.

import * as api from './api.js';
import { el, replace, button } from './dom.js';
import { exactTime, dayTime } from './time.js';

const KEEP = 300;
const BODY_LIMIT = 20000; // characters of one body drawn

const NAMES = {
  text: '发来文字', image: '发来图片', voice: '发来语音', video: '发来视频', location: '发来位置', link: '发来链接',
  enter_agent: '进入应用', click: '点了菜单', view: '点了菜单链接', LOCATION: '上报位置', subscribe: '加入可见范围', unsubscribe: '移出可见范围',
  template_card_event: '按了卡片', template_card_menu_event: '点了卡片菜单', sys_approval_change: '审批有变化', open_approval_change: '审批有变化',
  gettoken: '取令牌', 'message/send': '发消息', 'message/update_template_card': '更新卡片', 'message/recall': '撤回消息',
  'user/get': '读成员', 'user/list': '读部门成员', 'user/simplelist': '读部门成员', 'user/list_id': '读成员号', 'user/getuserinfo': '网页登录', 'auth/getuserinfo': '网页登录',
  'department/list': '读部门', 'department/simplelist': '读部门', 'department/get': '读部门', 'media/upload': '上传素材', 'media/get': '下载素材',
  'menu/create': '设置菜单', 'menu/get': '读菜单', 'menu/delete': '删除菜单', 'agent/get': '读应用', getcallbackip: '读回调 IP', get_api_domain_ip: '读接口 IP',
};

// Traffic keeps and draws the log. hooks: name(userid), failed(error), told(sentence).
export class Traffic {
  constructor(root, hooks) {
    this.hooks = hooks;
    this.items = [];
    this.last = 0;
    this.rows = new Map();
    const filter = { on: { input: () => this.draw() } };
    this.words = el('input', { type: 'search', placeholder: '筛选：人、接口、内容', 'aria-label': '筛选通信记录', dataset: { testid: 'traffic-filter' }, ...filter });
    this.direction = el('select', { 'aria-label': '方向', dataset: { testid: 'traffic-direction' }, ...filter },
      el('option', { value: '' }, '全部'), el('option', { value: 'callback' }, '回调 →'), el('option', { value: 'api' }, '← 接口'));
    this.bad = el('input', { type: 'checkbox', dataset: { testid: 'traffic-bad' }, ...filter });
    this.list = el('div', { class: 'traffic-list', role: 'region', 'aria-label': '记录', tabindex: '0', dataset: { testid: 'traffic' } });
    root.append(
      el('div', { class: 'panel-head' }, el('h2', {}, '通信记录'), el('label', { class: 'check' }, this.bad, '只看出错')),
      el('div', { class: 'traffic-filter' }, this.words, this.direction),
      this.list);
  }

  // refresh reads what came after the last item known.
  async refresh() {
    if (this.reading) { this.again = true; return this.reading; }
    this.reading = this.read();
    try {
      await this.reading;
    } finally {
      this.reading = null;
    }
    if (this.again) {
      this.again = false;
      await this.refresh();
    }
  }

  async read() {
    const { items = [] } = await api.get('/traffic', { after: this.last });
    if (items.length === 0 && this.drawn) return;
    for (const item of items) {
      this.last = Math.max(this.last, item.id);
      this.items.unshift(item);
    }
    for (const old of this.items.splice(KEEP)) this.rows.delete(old.id);
    this.draw();
  }

  draw() {
    this.drawn = true;
    const wanted = this.words.value.trim().toLowerCase();
    const shown = this.items.filter((item) => this.matches(item, wanted));
    if (shown.length === 0) {
      replace(this.list, el('p', { class: 'empty' }, this.items.length === 0
        ? '还没有通信。发一条消息，就能看到企业微信和应用之间说了什么。'
        : '没有符合条件的记录。清空筛选就能看到全部。'));
      return;
    }
    this.place(shown.map((item) => this.row(item)));
  }

  // place puts rows in order without moving those already there, so that an opened row keeps focus and scroll.
  place(rows) {
    const wanted = new Set(rows);
    for (const child of [...this.list.children]) if (!wanted.has(child)) child.remove();
    rows.forEach((row, i) => { if (this.list.children[i] !== row) this.list.insertBefore(row, this.list.children[i] || null); });
  }

  matches(item, wanted) {
    if (this.direction.value && item.direction !== this.direction.value) return false;
    if (this.bad.checked && !failed(item)) return false;
    if (!wanted) return true;
    return [this.title(item), this.receivers(item), item.path, item.app, item.user, this.who(item), item.plaintext, item.answer, item.note, item.errcode]
      .some((part) => String(part ?? '').toLowerCase().includes(wanted));
  }

  who(item) { return item.user && item.user !== 'sys' ? this.hooks.name(item.user) : ''; }

  title(item) { return NAMES[item.path] || NAMES[String(item.path).replace(/^\/?(cgi-bin\/)?/, '')] || (String(item.path).startsWith('change_contact') ? '通讯录有变化' : item.path); }

  // receivers names up to three people a message or card update goes to.
  receivers(item) {
    if (!/message\/(send|update_template_card)$/.test(item.path)) return '';
    let users;
    try {
      const { touser, userids } = JSON.parse(item.plaintext);
      users = Array.isArray(userids) ? userids : String(touser || '').split('|').filter(Boolean);
    } catch {
      return ''; // a fault or a broken client: the opened row shows what was sent
    }
    const names = users.slice(0, 3).map((user) => (user === '@all' ? '所有人' : this.hooks.name(String(user))));
    return names.length === 0 ? '' : `给 ${names.join('、')}${users.length > 3 ? ` 等 ${users.length} 人` : ''}`;
  }

  row(item) {
    const known = this.rows.get(item.id);
    if (known) return known;
    const callback = item.direction === 'callback';
    const body = el('div', { class: 'traffic-body' });
    const row = el('details', { class: `traffic-row ${item.direction}${failed(item) ? ' bad' : ''}`, dataset: { testid: `traffic-${item.id}`, path: item.path },
      on: { toggle: () => { if (row.open && !body.firstChild) this.fill(body, item); } } },
    el('summary', {},
      el('span', { class: 'way', title: callback ? '企业微信回调应用' : '应用调用接口' }, callback ? '回调 →' : '← 接口'),
      el('span', { class: 'what' }, [this.who(item), this.title(item), this.receivers(item)].filter(Boolean).join(' '), item.attempt > 1 && el('em', {}, `第 ${item.attempt} 次`)),
      el('span', { class: 'result' }, outcome(item)),
      el('time', { datetime: item.at, title: dayTime(item.at) }, exactTime(item.at))),
    body);
    this.rows.set(item.id, row);
    return row;
  }

  fill(body, item) {
    const callback = item.direction === 'callback';
    replace(body,
      el('dl', { class: 'facts' },
        fact(callback ? '事件' : '接口', item.path), fact('应用', item.app), item.user && fact('成员', item.user),
        item.delivery_id ? fact('投递号', item.delivery_id) : null,
        fact('HTTP', item.status || '没有应答'), fact('用时', `${item.duration_ms} 毫秒`), !callback && fact('errcode', item.errcode)),
      item.note && el('p', { class: 'note' }, item.note),
      item.dropped && item.dropped.length > 0 && el('p', { class: 'note' }, `超过每分钟 30 条，企业微信悄悄丢弃了给这些人的消息：${item.dropped.map((u) => this.hooks.name(u)).join('、')}`),
      part(callback ? '解密后的回调' : '请求', item.plaintext),
      part(callback ? '应用的被动回复（解密后）' : '应答', item.answer),
      callback && item.delivery_id > 0 && el('div', { class: 'traffic-acts' },
        button('再投递一次', 'plain', () => this.redeliver(item, 1, false), { 'data-testid': `redeliver-${item.id}` }),
        button('同时投递 3 次', 'plain', () => this.redeliver(item, 3, true))));
  }

  async redeliver(item, times, concurrent) {
    try {
      const { deliveries = [] } = await api.post('/redeliver', { delivery_id: item.delivery_id, times, concurrent });
      const good = deliveries.filter((d) => d.status === 200).length;
      this.hooks.told(`投递 ${item.delivery_id} 又送了 ${deliveries.length || times} 次，${good} 次得到 200。应用应当只处理一次。`);
    } catch (error) {
      this.hooks.failed(error);
    }
    await this.refresh().catch(this.hooks.failed);
  }
}

const failed = (item) => item.errcode !== 0 || item.status !== 200 || (item.dropped || []).length > 0;

function outcome(item) {
  if (item.errcode) return `${item.errcode} · ${item.duration_ms} ms`;
  if (!item.status) return `无应答 · ${item.duration_ms} ms`;
  return `${item.status} · ${item.duration_ms} ms`;
}

const fact = (name, value) => el('div', {}, el('dt', {}, name), el('dd', {}, value));

function part(title, source) {
  const text = pretty(String(source ?? ''));
  return el('figure', { class: 'code' }, el('figcaption', {}, title),
    text === '' ? el('p', { class: 'empty' }, '（空）') : el('pre', { tabindex: '0' }, text.length > BODY_LIMIT ? text.slice(0, BODY_LIMIT) + '\n… 太长，省略了后面' : text));
}

// pretty indents JSON and one-line XML; whatever is neither stays as it is.
function pretty(source) {
  const text = source.trim();
  if (text.startsWith('{') || text.startsWith('[')) {
    try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return source; }
  }
  return text.startsWith('<') ? prettyXML(text) : source;
}

function prettyXML(text) {
  const tokens = text.match(/<!\[CDATA\[[\s\S]*?\]\]>|<[^>]*>|[^<]+/g) || [];
  let depth = 0;
  let out = '';
  tokens.forEach((token, i) => {
    const opens = token.startsWith('<') && !/^<[/!?]|\/>$/.test(token);
    const closes = token.startsWith('</');
    const before = tokens[i - 1] || '';
    const leaf = closes && !before.startsWith('</') && !before.endsWith('/>');
    if (closes) depth--;
    if (opens || (closes && !leaf)) out += '\n' + '  '.repeat(Math.max(depth, 0));
    out += token.trim() === '' && !/^<!/.test(before) ? '' : token;
    if (opens) depth++;
  });
  return out.trim();
}

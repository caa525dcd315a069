// Scripted failures: what a call to WeCom's API should meet, and how often.

import * as api from './api.js';
import { el, replace, button } from './dom.js';

const APIS = ['*', 'message/send', 'message/update_template_card', 'message/recall', 'gettoken', 'user/get', 'user/simplelist', 'department/list', 'media/get', 'media/upload', 'menu/create'];
const KINDS = {
  errcode: { label: '返回错误码', hint: '例如 -1 系统繁忙、45009 频率超限、42001 令牌过期、60020 IP 不可信', value: '-1', pattern: '-?[0-9]{1,7}', read: Number },
  http: { label: '返回 HTTP 状态', hint: '例如 502', value: '502', pattern: '[1-5][0-9]{2}', read: Number },
  delay: { label: '拖慢', hint: '例如 3s、500ms', value: '3s', pattern: '[0-9]+(\\.[0-9]+)?(ms|s|m)', read: String },
  'drop-answer': { label: '办成了，但应答丢失', key: 'drop', fixed: 'answer' },
  'drop-request': { label: '请求没送到就断线', key: 'drop', fixed: 'request' },
};

// Faults draws the form and the list of faults in force. hooks: failed(error), told(sentence).
export class Faults {
  constructor(root, hooks) {
    this.hooks = hooks;
    this.api = el('input', { list: 'fault-apis', value: 'message/send', required: true, dataset: { testid: 'fault-api' } });
    this.kind = el('select', { dataset: { testid: 'fault-kind' }, on: { change: () => this.settle() } },
      Object.entries(KINDS).map(([key, k]) => el('option', { value: key }, k.label)));
    this.value = el('input', { required: true, dataset: { testid: 'fault-value' } });
    this.hint = el('small', {});
    this.valueLabel = el('label', {}, el('span', {}, '值'), this.value, this.hint);
    this.times = el('input', { type: 'number', min: '-1', max: '100000', value: '1', required: true, dataset: { testid: 'fault-times' } });
    this.list = el('ul', { class: 'fault-list', 'aria-live': 'polite', dataset: { testid: 'faults' } });
    this.clearButton = button('全部清除', 'plain', () => this.clear(), { 'data-testid': 'fault-clear' });
    root.append(
      el('div', { class: 'panel-head' }, el('h2', {}, '制造故障'), this.clearButton),
      el('p', { class: 'hint' }, '让企业微信的接口出错，看看应用怎么应对。'),
      this.list,
      el('form', { class: 'fault-form', on: { submit: (event) => { event.preventDefault(); this.add(); } } },
        el('label', {}, el('span', {}, '接口（* 表示全部）'), this.api, el('datalist', { id: 'fault-apis' }, APIS.map((a) => el('option', { value: a })))),
        el('label', {}, el('span', {}, '怎么出错'), this.kind),
        this.valueLabel,
        el('label', {}, el('span', {}, '几次（-1 为一直）'), this.times),
        el('button', { type: 'submit', class: 'primary', dataset: { testid: 'fault-add' } }, '开始')));
    this.settle();
  }

  settle() {
    const kind = KINDS[this.kind.value];
    this.valueLabel.hidden = Boolean(kind.fixed);
    this.value.required = !kind.fixed;
    this.value.disabled = Boolean(kind.fixed);
    this.value.value = kind.value || '';
    if (kind.pattern) this.value.pattern = kind.pattern;
    this.hint.textContent = kind.hint || '';
  }

  async refresh() { this.draw((await api.get('/faults')).faults || []); }

  draw(faults) {
    this.inForce = faults.length > 0;
    this.clearButton.hidden = !this.inForce;
    if (!this.inForce) {
      replace(this.list, el('li', { class: 'empty' }, '现在一切正常。'));
      return;
    }
    replace(this.list, faults.map((f) => el('li', {},
      el('span', {}, el('code', {}, f.api), ` ${describe(f)}，${f.times < 0 ? '一直' : `还有 ${f.times} 次`}`),
      button('清除', 'plain', () => this.clear(f.id), { 'aria-label': `清除 ${f.api} 的故障` }))));
  }

  async add() {
    const kind = KINDS[this.kind.value];
    const body = { api: this.api.value.trim(), times: Number(this.times.value), [kind.key || this.kind.value]: kind.fixed || kind.read(this.value.value.trim()) };
    await this.change(() => api.post('/faults', body), `${body.api} 会${kind.label}。`);
  }

  clear(id) { return this.change(() => api.remove('/faults', id === undefined ? undefined : { id }), id === undefined ? '故障都清除了。' : '这个故障清除了。'); }

  async change(call, sentence) {
    try {
      await call();
      this.hooks.told(sentence);
    } catch (error) {
      this.hooks.failed(error);
    }
    await this.refresh().catch(this.hooks.failed);
  }
}

function describe(f) {
  const parts = [];
  if (f.delay) parts.push(`拖慢 ${f.delay}`);
  if (f.errcode) parts.push(`返回错误码 ${f.errcode}`);
  if (f.http) parts.push(`返回 HTTP ${f.http}`);
  if (f.drop === 'request') parts.push('请求没送到就断线');
  else if (f.drop) parts.push('办成了但应答丢失');
  return parts.join('，');
}

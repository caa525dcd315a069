// The company: whom to play, grouped by department, with a badge on everyone who has unread messages.

import { el, replace } from './dom.js';
import { avatar } from './avatar.js';

const LEFT = 5; // status of someone who has left the company

// Members draws the list. hooks.choose(userid) switches the phone.
export class Members {
  constructor(root, hooks) {
    this.hooks = hooks;
    this.members = [];
    this.departments = [];
    this.current = null;
    this.unread = new Map();
    this.search = el('input', { type: 'search', placeholder: '找人：姓名、拼音或部门', 'aria-label': '找人', dataset: { testid: 'member-search' }, on: { input: () => this.draw() } });
    this.list = el('div', { class: 'member-list', dataset: { testid: 'members' } });
    root.append(el('h2', {}, '扮演谁'), this.search, this.list);
  }

  set(members, departments) {
    this.members = members;
    this.departments = departments;
    this.draw();
  }

  find(userid) { return this.members.find((m) => same(m.userid, userid)); }

  name(userid) {
    const member = this.find(userid);
    return member ? member.name || member.userid : userid;
  }

  department(id) {
    const found = this.departments.find((d) => d.id === id);
    return found ? found.name : `部门 ${id}`;
  }

  mark(current, unread) {
    this.current = current;
    this.unread = unread;
    this.draw();
  }

  draw() {
    const wanted = this.search.value.trim().toLowerCase();
    const groups = new Map();
    for (const member of this.members) {
      const department = this.department(member.main_department);
      const text = `${member.name} ${member.userid} ${department} ${member.position || ''}`.toLowerCase();
      if (wanted && !text.includes(wanted)) continue;
      if (!groups.has(member.main_department)) groups.set(member.main_department, []);
      groups.get(member.main_department).push(member);
    }
    const order = [...groups.keys()].sort((a, b) => this.rank(a) - this.rank(b));
    if (order.length === 0) {
      replace(this.list, el('p', { class: 'empty' }, this.members.length === 0 ? '公司里还没有人。' : `没有找到「${this.search.value.trim()}」。换个姓名、拼音或部门试试。`));
      return;
    }
    const focus = this.list.contains(document.activeElement) ? document.activeElement.dataset.testid : null;
    replace(this.list, order.map((id) => el('section', {}, el('h3', {}, this.department(id)), headsFirst(groups.get(id)).map((m) => this.row(m)))));
    if (focus) this.list.querySelector(`[data-testid="${CSS.escape(focus)}"]`)?.focus();
  }

  // rank keeps the platform's order of departments; people directly under the company come last.
  rank(id) {
    const at = this.departments.findIndex((d) => d.id === id);
    return at < 0 || this.departments[at].parentid === 0 ? this.departments.length : at;
  }

  row(member) {
    const count = this.unread.get(member.userid.toLowerCase()) || 0;
    const note = [member.position, member.is_leader && !/主管|经理|负责/.test(member.position || '') && '部门主管', member.status === LEFT && '已离职'].filter(Boolean).join(' · ');
    return el('button', { type: 'button', class: 'member', 'aria-pressed': String(same(member.userid, this.current || '')), dataset: { testid: `member-${member.userid}` },
      on: { click: () => this.hooks.choose(member.userid) } },
    avatar(member.userid, member.name, 'small'),
    el('span', { class: 'member-text' }, el('strong', {}, member.name || member.userid), note && el('small', {}, note)),
    count > 0 && el('b', { class: 'badge', 'aria-label': `${count} 条未读` }, count > 99 ? '99+' : count));
  }
}

const headsFirst = (members) => [...members].sort((a, b) => Number(b.is_leader) - Number(a.is_leader));
const same = (a, b) => a.toLowerCase() === b.toLowerCase();

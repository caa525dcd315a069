// Short notices at the edge of the screen; an error stays until closed, good news goes by itself.

import { el, button } from './dom.js';

const GONE_AFTER = 4000;
const AT_MOST = 3;

export class Toasts {
  constructor(root) { this.root = root; }

  told(sentence) { this.show(sentence, 'good', GONE_AFTER); }

  // failed shows an error's sentence once, however often it repeats.
  failed(error) {
    const sentence = error && error.message ? error.message : String(error);
    for (const shown of this.root.children) if (shown.dataset.sentence === sentence) return;
    this.show(sentence, 'bad');
  }

  // connected takes away the complaints about an unreachable sandbox.
  connected() { for (const shown of [...this.root.children]) if (shown.dataset.sentence.startsWith('连不上沙箱')) shown.remove(); }

  show(sentence, kind, goneAfter) {
    const toast = el('div', { class: `toast ${kind}`, dataset: { sentence, testid: `toast-${kind}` } }, el('span', {}, sentence));
    toast.append(button('×', 'toast-close', () => toast.remove(), { 'aria-label': '知道了' }));
    this.root.append(toast);
    while (this.root.children.length > AT_MOST) this.root.firstChild.remove();
    if (goneAfter) setTimeout(() => toast.remove(), goneAfter);
  }
}

// Pictures. The page's Content-Security-Policy allows only the sandbox's own address, and a test company
// should not fetch from strangers: other addresses are shown as a labelled frame, never loaded.

import { el, link, icon, safeURL } from './dom.js';

const FRAME = 'M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15 9h.01';

export function picture(address, className, description) {
  const own = ownURL(address);
  if (own) return el('img', { class: className, src: own, alt: description, loading: 'lazy' });
  return el('span', { class: `${className} frame`, role: 'img', 'aria-label': description || '图片', title: address || '没有图片地址' },
    icon(FRAME));
}

// pictureLink is a picture with a way to open the original when it lies elsewhere.
export function pictureLink(address, className, description) {
  return !ownURL(address) && safeURL(address)
    ? link(address, 'picture-link', picture(address, className, description))
    : picture(address, className, description);
}

function ownURL(address) {
  if (!address) return null;
  try {
    const url = new URL(String(address), location.href);
    return url.origin === location.origin ? url.href : null;
  } catch {
    return null;
  }
}

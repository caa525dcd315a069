// Small menus made of <details>: a press elsewhere or Escape closes them.

const OPEN = 'details.menu-entry[open], details.card-menu[open]';

export function closePopupsOutside() {
  document.addEventListener('click', (event) => close((menu) => !menu.contains(event.target)));
  document.addEventListener('keydown', (event) => { if (event.key === 'Escape') close(() => true, true); });
}

function close(which, focus) {
  for (const menu of document.querySelectorAll(OPEN)) {
    if (!which(menu)) continue;
    menu.open = false;
    if (focus) menu.querySelector('summary').focus();
  }
}

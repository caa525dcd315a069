// What pages do beyond HTML. Without it everything still works: the server takes a form once, and lists what was uploaded.

// A form that is on its way cannot be sent again; one that the browser shows anew from its memory can.
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = 'yes';
  event.submitter?.setAttribute('aria-busy', 'true');
});
window.addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('form[data-sent]')) delete form.dataset.sent;
});

// The names of files that were chosen.
document.addEventListener('change', (event) => {
  const input = event.target;
  const words = input.type === 'file' && input.parentElement?.querySelector('span');
  if (words && input.files.length > 0) words.textContent = [...input.files].map((file) => file.name).join('、');
});

// A field that is being mended is not wrong any more; the server has the last word.
document.addEventListener('input', (event) => {
  const field = event.target.closest?.('.field.wrong');
  field?.querySelector('.error')?.remove();
  field?.classList.remove('wrong');
});

// What was wrong comes into sight.
document.querySelector('.field.wrong')?.scrollIntoView({ block: 'center' });

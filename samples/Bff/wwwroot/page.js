'use strict';

const byId = id => document.getElementById(id);
const chart = byId('chart');
let isLeaving = false;

function show(counts) {
  for (const name of ['pages', 'apiCalls', 'refused', 'refreshes']) {
    byId(name).textContent = counts[name].toLocaleString('en');
  }

  const highest = Math.max(10, ...counts.calls);
  counts.calls.forEach((calls, slot) => {
    const bar = chart.children[slot] ?? chart.appendChild(document.createElement('i'));
    bar.style.setProperty('--height', `${100 * calls / highest}%`);
    bar.className = counts.refreshesAt[slot] > 0 ? 'refresh' : '';
  });

  byId('ratio').textContent = counts.refreshes === 0
    ? 'No refresh yet.'
    : `${Math.round(counts.apiCalls / counts.refreshes).toLocaleString('en')} calls to the API for each refresh`;
  byId('state').textContent = { SignedIn: 'signed in', ReLoginRequired: 'sign in again' }[counts.state] ?? '';
  byId('state').className = `state ${counts.state}`;
  if (counts.state === 'ReLoginRequired') {
    leave();
  }
}

// Reloads the page once when the login has ended. The server then answers with the login page.
function leave() {
  if (!isLeaving) {
    isLeaving = true;
    location.reload();
  }
}

async function call() {
  const response = await fetch('/api/me');
  if (response.status === 401) {
    leave();
  }
}

const reloadButton = byId('reload');
const isReloading = Date.now() < Number(sessionStorage.getItem('reloadUntil'));

byId('revoke').addEventListener('click', () => fetch('/revoke', { method: 'POST' }));

show(JSON.parse(document.body.dataset.counts));
const calls = [call(), call(), call()];
if (isReloading) {
  // Reload at the first response. The other requests are still running; their cancellation has no effect.
  reloadButton.textContent = 'Reloading …';
  reloadButton.disabled = true;
  Promise.race(calls).finally(() => isLeaving || location.reload());
} else {
  reloadButton.addEventListener('click', () => {
    // It ends by itself: a button of a page that is replaced all the time can't be clicked.
    sessionStorage.setItem('reloadUntil', Date.now() + 5_000);
    reloadButton.disabled = true;
    location.reload();
  });
  const events = new EventSource('/counts');
  events.onmessage = message => show(JSON.parse(message.data));
  setInterval(call, 1000);
}
